
#include "review/base/buf.h"
#include "review/embed/embeddings.h"
#include "review/json/json.h"
#include "review/json/write.h"


/* bytes of what only the service knows: each call repeats it */

#define REVIEW_EMBED_REST    65536

/*
 * Places that are looked at for the same input: somebody who makes hashes
 * collide only has the same inputs sent twice, and nobody waits for him.
 */
#define REVIEW_EMBED_PROBES  32


typedef struct {
    json_t        *input;
    review_str_t   model;
    int            base64;
} review_embed_body_t;


static const char *const  review_embed_formats[] = { "float", "base64", NULL };

/* all others are the service's */

const review_member_t  review_embed_members[] = {
    review_member("input", ANY, review_embed_body_t, input,
                  .missing = "is missing: what to embed"),
    review_member("model", STRING, review_embed_body_t, model, .min = 1),
    review_member("encoding_format", CHOICE, review_embed_body_t, base64,
                  .names = review_embed_formats),
    review_member_rest
};


/* in a table twice to four times as large as there are inputs; 0 is empty */

typedef struct {
    uint64_t       hash;
    size_t         input;              /* its number plus one */
} review_embed_slot_t;


static uint64_t
review_embed_request_hash(const review_str_t *input)
{
    size_t       left;
    uint64_t     hash, word;
    const char  *p;

    hash = input->len;

    for (p = input->data, left = input->len; left; /* void */ ) {
        word = 0;

        if (left >= sizeof(word)) {
            memcpy(&word, p, sizeof(word));
            p += sizeof(word);
            left -= sizeof(word);

        } else {
            memcpy(&word, p, left);
            left = 0;
        }

        hash = (hash ^ word) * 0x9e3779b97f4a7c15;
        hash ^= hash >> 29;
    }

    return hash ^ hash >> 32;
}


/* the first input that is the same as number "i", which may be itself */

static size_t
review_embed_request_find(review_embed_request_t *request, size_t i,
    review_embed_slot_t *slots, size_t mask)
{
    int                   n;
    size_t                at;
    uint64_t              hash;
    review_str_t         *input, *other;
    review_embed_slot_t  *slot;

    input = &request->inputs[i];
    hash = review_embed_request_hash(input);
    at = (size_t) hash;

    for (n = 0; n < REVIEW_EMBED_PROBES; n++) {
        slot = &slots[at & mask];
        at += (size_t) n + 1;

        if (slot->input == 0) {
            slot->input = i + 1;
            slot->hash = hash;
            break;
        }

        other = &request->inputs[slot->input - 1];

        if (slot->hash == hash && other->len == input->len
            && memcmp(other->data, input->data, input->len) == 0)
        {
            return slot->input - 1;
        }
    }

    return i;
}


static int
review_embed_request_same(review_pool_t *pool, review_embed_request_t *request)
{
    size_t                i, size;
    review_embed_slot_t  *slots;

    for (size = 2; size < request->n * 2; size *= 2) { /* void */ }

    slots = review_alloc(pool, size * sizeof(review_embed_slot_t));
    request->same = review_alloc(pool, request->n * sizeof(size_t));

    if (slots == NULL || request->same == NULL) {
        return -1;
    }

    memset(slots, 0, size * sizeof(review_embed_slot_t));

    for (i = 0; i < request->n; i++) {
        request->same[i] = review_embed_request_find(request, i, slots,
                                                     size - 1);
    }

    return 0;
}


/* "pointer" names the array; the error is formatted */

static int
review_embed_request_tokens(review_buf_t *b, json_t *tokens,
    const char *pointer, review_error_t *err)
{
    char     at[REVIEW_ERROR_POINTER];
    size_t   i;
    json_t  *token;

    if (json_array_size(tokens) == 0) {
        return review_error(err, pointer, "is empty");
    }

    review_write_array(b, NULL);

    json_array_foreach(tokens, i, token) {

        if (!json_is_integer(token) || json_integer_value(token) < 0) {
            (void) review_json_member_pointer_index(at, pointer, i);

            return review_error(err, at, "must be a token, an integer from 0, "
                                "got %s", json_is_integer(token)
                                          ? "a negative one"
                                          : review_json_member_type(token));
        }

        review_write_number(b, NULL, (uint64_t) json_integer_value(token));
    }

    review_write_array_end(b);

    return 0;
}


/* one input of many: all are of the type of the first */

static int
review_embed_request_input(review_buf_t *b, json_t *input, json_type type,
    const char *pointer, review_error_t *err)
{
    if (json_typeof(input) != type) {
        return review_error(err, pointer, "must be %s as the first is, got %s",
                            type == JSON_STRING ? "a string"
                                                : "an array of tokens",
                            review_json_member_type(input));
    }

    if (type == JSON_ARRAY) {
        return review_embed_request_tokens(b, input, pointer, err);
    }

    if (json_string_length(input) == 0) {
        return review_error(err, pointer, "is empty");
    }

    review_write_string(b, NULL, json_string_value(input),
                        json_string_length(input));

    return 0;
}


static int
review_embed_request_array(review_buf_t *b, json_t *array, json_type type,
    review_embed_request_t *request, review_error_t *err)
{
    char     at[REVIEW_ERROR_POINTER];
    size_t   i, before;
    json_t  *input;

    json_array_foreach(array, i, input) {
        before = b->len + (i > 0);
        (void) review_json_member_pointer_index(at, "/input", i);

        if (review_embed_request_input(b, input, type, at, err) != 0) {
            return -1;
        }

        request->inputs[i].len = b->len - before;
    }

    return 0;
}


/* writes all of them; returns 0, or -1: *err tells why */

static int
review_embed_request_write(review_buf_t *b, json_t *input,
    review_embed_request_t *request, review_error_t *err)
{
    json_t  *first;

    if (json_is_string(input)) {
        if (review_embed_request_input(b, input, JSON_STRING, "/input", err)
            != 0) {
            return -1;
        }

        request->inputs[0].len = b->len;
        return 0;
    }

    first = json_array_get(input, 0);

    if (json_is_string(first) || json_is_array(first)) {
        return review_embed_request_array(b, input, json_typeof(first),
                                          request, err);
    }

    if (json_is_number(first)) {
        if (review_embed_request_tokens(b, input, "/input", err) != 0) {
            return -1;
        }

        request->inputs[0].len = b->len;
        return 0;
    }

    return review_error(err, "/input/0", "must be a string or an array of "
                        "tokens, got %s", review_json_member_type(first));
}


/* what the inputs take as JSON, if hardly anything is escaped */

static size_t
review_embed_request_size(json_t *input)
{
    size_t   i, size;
    json_t  *value;

    size = json_string_length(input);

    json_array_foreach(input, i, value) {
        size += json_string_length(value) + json_array_size(value) * 6 + 6;
    }

    return size + size / 32 + 16;
}


/* where they stand in the text, a comma between them */

static void
review_embed_request_place(review_embed_request_t *request,
    const review_buf_t *b)
{
    size_t       i;
    const char  *p;

    for (i = 0, p = b->data; i < request->n; i++) {
        request->inputs[i].data = p;
        p += request->inputs[i].len + 1;
    }
}


static int
review_embed_request_inputs(review_pool_t *pool, json_t *input,
    review_embed_request_t *request, review_error_t *err)
{
    review_buf_t  b;

    if (!json_is_string(input) && !json_is_array(input)) {
        return review_refuse(err, 400, "/input", "must be a string or an "
                             "array, got %s", review_json_member_type(input));
    }

    if (json_is_array(input) && json_array_size(input) == 0) {
        return review_refuse(err, 400, "/input", "is empty");
    }

    request->n = json_is_string(input)
                 || json_is_number(json_array_get(input, 0))
                 ? 1 : json_array_size(input);

    request->inputs = review_alloc(pool, request->n * sizeof(review_str_t));
    review_buf_init(&b, pool, review_embed_request_size(input));

    if (request->inputs == NULL) {
        return -1;
    }

    if (review_embed_request_write(&b, input, request, err) != 0) {
        return 400;
    }

    if (b.failed) {
        return -1;
    }

    review_embed_request_place(request, &b);

    return review_embed_request_same(pool, request);
}


/* what services know and we need not */

static int
review_embed_request_rest(review_pool_t *pool, json_t *body,
    review_embed_request_t *request, review_error_t *err)
{
    json_t        *value;
    const char    *name;
    review_buf_t   b;

    review_buf_init(&b, pool, 0);

    json_object_foreach(body, name, value) {

        if (review_json_object_find(review_embed_members, name)) {
            continue;
        }

        review_write_key(&b, name, strlen(name));
        review_write_value(&b, NULL, value);

        if (b.len > REVIEW_EMBED_REST) {
            return review_refuse(err, 413, "", "what only the service knows, "
                                 "beside \"input\" and \"model\", may be of %d "
                                 "bytes", REVIEW_EMBED_REST);
        }
    }

    request->rest.data = b.len ? b.data : "";
    request->rest.len = b.len;

    return b.failed ? -1 : 0;
}


int
review_embed_request(review_pool_t *pool, json_t *body,
    const review_embed_given_t *given, review_embed_request_t *request,
    review_error_t *err)
{
    int                  rc;
    review_embed_body_t  members;

    memset(request, 0, sizeof(*request));
    memset(&members, 0, sizeof(members));

    review_json_object_drop_nulls(body);

    if (review_json_object_members(body, "", review_embed_members, &members,
                                   err) != 0)
    {
        return 400;
    }

    request->model = members.model;
    request->base64 = members.base64 & 1;

    rc = review_embed_request_inputs(pool, members.input, request, err);

    if (rc == 0) {
        rc = review_embed_request_rest(pool, body, request, err);
    }

    if (rc == 0 && request->n > given->max_inputs) {
        return review_refuse(err, 422, "/input", "there are %zu, "
                             "review_max_inputs allows %zu", request->n,
                             given->max_inputs);
    }

    return rc;
}


int
review_embed_request_texts(review_pool_t *pool, const review_str_t *texts,
    size_t n, review_embed_request_t *request)
{
    size_t        i, size;
    review_buf_t  b;

    memset(request, 0, sizeof(review_embed_request_t));

    for (i = 0, size = 0; i < n; i++) {
        size += texts[i].len + 3;
    }

    request->n = n;
    request->inputs = review_alloc(pool, n * sizeof(review_str_t));
    review_buf_init(&b, pool, size + size / 32 + 16);

    if (request->inputs == NULL) {
        return -1;
    }

    for (i = 0, size = 0; i < n; i++) {
        review_write_str(&b, NULL, &texts[i]);

        request->inputs[i].len = b.len - size;
        size = b.len + 1;
    }

    if (b.failed) {
        return -1;
    }

    review_embed_request_place(request, &b);

    return review_embed_request_same(pool, request);
}
