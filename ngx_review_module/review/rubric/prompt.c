
#include "review/rubric/prompt_shared.h"
#include "review/json/write.h"
#include "review/rubric/control.h"
#include "review/rubric/mark.h"


#define REVIEW_MARK_OPEN   "<" REVIEW_MARK " id=\""
#define REVIEW_MARK_CLOSE  "\n</" REVIEW_MARK


void
review_prompt_text(review_buf_t *b, const review_str_t *text)
{
    review_write_text(b, text->data, text->len);
}


void
review_prompt_words(review_buf_t *b, const char *words)
{
    review_write_text(b, words, strlen(words));
}


static void
review_prompt_mark(review_buf_t *b, const review_str_t *text)
{
    char  word[REVIEW_MARK_WORD];

    review_mark_word(text, word);

    review_prompt_words(b, " key=\"");
    review_buf_add(b, word, sizeof(word));
    review_prompt_words(b, "\">\n");
}


/* an id cannot end the quotes that it stands in, nor the line */

static void
review_prompt_id(review_buf_t *b, const char *id, size_t len)
{
    size_t  i, from;

    from = 0;

    for (i = 0; i < len; i++) {
        if (id[i] == '"' || (unsigned char) id[i] < ' ') {
            review_control_text(b, id + from, i - from);
            review_buf_add(b, id[i] == '"' ? "'" : " ", 1);
            from = i + 1;
        }
    }

    review_control_text(b, id + from, len - from);
}


/* writes a text between marks and tells where in the buffer it stands */

static void
review_prompt_marked(review_buf_t *b, const char *id, size_t len,
    review_str_t *text, size_t *from, size_t *to)
{
    size_t  mark;

    review_prompt_words(b, REVIEW_MARK_OPEN);
    review_prompt_id(b, id, len);
    review_prompt_words(b, "\"");

    mark = b->len;
    review_prompt_mark(b, text);

    *from = b->len;
    review_control_text(b, text->data, text->len);
    *to = b->len;

    review_prompt_words(b, REVIEW_MARK_CLOSE);

    /* the same once more; the buffer may move as it grows */

    if (review_buf_reserve(b, *from - mark)) {
        review_buf_add(b, b->data + mark, *from - mark);
    }
}


void
review_prompt_message(review_buf_t *b, const char *role)
{
    review_write_object(b, NULL);
    review_write_word(b, "role", role);
    review_write_open(b, "content");
}


void
review_prompt_message_end(review_buf_t *b)
{
    review_write_close(b);
    review_write_object_end(b);
}


static void
review_prompt_head(review_prompt_t *p, review_buf_t *b,
    review_subject_t *subject, size_t *from, size_t *to)
{
    review_write_object(b, NULL);

    review_write_array(b, "messages");
    review_prompt_message(b, "system");

    *from = b->len;
    review_prompt_text(b, &subject->system);

    if (subject->system.len == 0) {
        review_prompt_words(b, p->words->role);
    }

    review_prompt_words(b, "\n\n");
    review_prompt_words(b, p->words->contract);
    *to = b->len;
    review_prompt_message_end(b);
    review_prompt_message(b, "user");
}


static void
review_prompt_slice(review_str_t *str, review_buf_t *b, size_t from,
    size_t to)
{
    str->data = b->data + from;
    str->len = to - from;
}


/* are they of several documents, of which one overrides the other? */

static int
review_prompt_is_ordered(const review_subject_t *subject)
{
    size_t  i;

    for (i = 1; subject->reference_orders && i < subject->nreferences; i++) {
        if (subject->reference_orders[i] != subject->reference_orders[0]) {
            return 1;
        }
    }

    return 0;
}


/* their order is told by numbers: they stand as caches of prefixes have them */

static void
review_prompt_references(review_prompt_t *p, review_subject_t *subject,
    review_buf_t *b)
{
    int     ordered;
    size_t  i, from, to;

    ordered = review_prompt_is_ordered(subject);

    for (i = 0; i < subject->nreferences; i++) {

        if (ordered) {
            review_prompt_words(b, p->words->reference);
            review_buf_number(b, (uint64_t) subject->reference_orders[i]);
            review_prompt_words(b, "\n");
        }

        review_prompt_marked(b, subject->reference_ids[i].data,
                             subject->reference_ids[i].len,
                             &subject->references[i], &from, &to);
    }

    if (ordered) {
        review_prompt_words(b, p->words->overrides);
    }
}


/*
 * What is the same for more calls comes first, so that a server's cache of
 * prefixes has it: the references of all chunks, then those of one chunk.
 */

static int
review_prompt_common(review_prompt_t *p, review_subject_t *subject)
{
    size_t        i, size, head, heading, heading_end, chunk, chunk_end;
    size_t        references, references_end, system, system_end;
    review_buf_t  b;

    size = 1152 + strlen(p->words->role) + strlen(p->words->contract)
           + subject->system.len + subject->heading.len
           + subject->chunk.len;

    for (i = 0; i < subject->nreferences; i++) {
        size += 128 + subject->reference_ids[i].len
                + subject->references[i].len;
    }

    review_buf_init(&b, p->pool, size + size / 16);

    review_prompt_head(p, &b, subject, &system, &system_end);
    head = b.len;

    if (subject->nreferences) {
        review_prompt_words(&b, p->words->references);
    }

    references = b.len;

    review_prompt_references(p, subject, &b);

    references_end = b.len;
    heading = b.len;
    heading_end = b.len;

    if (subject->heading.len) {
        review_prompt_words(&b, p->words->heading);
        review_prompt_marked(&b, "heading", 7, &subject->heading, &heading,
                             &heading_end);
    }

    review_prompt_words(&b, p->words->chunk);
    review_prompt_marked(&b, "chunk", 5, &subject->chunk, &chunk, &chunk_end);

    review_prompt_words(&b, "\n");

    if (b.failed) {
        return -1;
    }

    review_prompt_slice(&p->head, &b, 0, head);
    review_prompt_slice(&p->system, &b, system, system_end);
    review_prompt_slice(&p->common, &b, 0, b.len);
    review_prompt_slice(&p->heading, &b, heading, heading_end);
    review_prompt_slice(&p->chunk, &b, chunk, chunk_end);
    review_prompt_slice(&p->references, &b, references, references_end);

    return 0;
}


static int
review_prompt_var(json_t *vars, const char *name, json_t *value,
    review_buf_t *b)
{
    size_t        n;
    char          number[64];
    review_buf_t  text;

    b->len = 0;

    if (json_is_string(value)) {
        review_control_text(b, json_string_value(value),
                            json_string_length(value));

    } else if (json_is_real(value)) {

        /* 15 digits, so that 0.1 stays 0.1 */

        n = json_dumpb(value, number, sizeof(number),
                       JSON_ENCODE_ANY|JSON_REAL_PRECISION(15));

        review_buf_add(b, number, n < sizeof(number) ? n : 0);

    } else {
        review_buf_init(&text, b->pool, 0);
        review_write_value(&text, NULL, value);

        if (text.failed) {
            return -1;
        }

        review_control_text(b, text.data, text.len);
    }

    if (b->failed) {
        return -1;
    }

    return json_object_set_new(vars, name,
                               json_stringn(b->len ? b->data : "", b->len));
}


static int
review_prompt_vars(review_prompt_t *p, json_t *vars)
{
    json_t        *value;
    const char    *name;
    review_buf_t   b;

    p->vars = json_object();

    if (p->vars == NULL || review_pool_own_json(p->pool, p->vars) != 0) {
        return -1;
    }

    review_buf_init(&b, p->pool, 0);

    json_object_foreach(vars, name, value) {
        if (review_prompt_var(p->vars, name, value, &b) != 0) {
            return -1;
        }
    }

    return 0;
}


review_prompt_t *
review_prompt_create(review_pool_t *pool, review_subject_t *subject)
{
    review_prompt_t  *p;

    p = review_alloc(pool, sizeof(*p));

    if (p == NULL) {
        return NULL;
    }

    memset(p, 0, sizeof(*p));

    p->pool = pool;

    p->words = (subject->language.len == 2
                && memcmp(subject->language.data, "en", 2) == 0)
               ? &review_words_en : &review_words_zh;

    if (review_prompt_common(p, subject) != 0
        || (subject->vars && review_prompt_vars(p, subject->vars) != 0))
    {
        return NULL;
    }

    return p;
}


void
review_prompt_parts(const review_prompt_t *prompt, review_str_t *parts)
{
    size_t               i;
    const char          *p;
    const review_str_t  *shared[] = {
        &prompt->head, &prompt->references, &prompt->heading, &prompt->chunk
    };

    p = prompt->common.data;

    for (i = 0; i < sizeof(shared) / sizeof(shared[0]); i++) {

        if (i) {
            parts->data = p;
            parts->len = (size_t) (shared[i]->data - p);
            parts++;
        }

        *parts++ = *shared[i];
        p = shared[i]->data + shared[i]->len;
    }

    parts->data = p;
    parts->len = (size_t) (prompt->common.data + prompt->common.len - p);
}


void
review_prompt_use(review_prompt_t *prompt, review_pool_t *pool)
{
    prompt->pool = pool;
}
