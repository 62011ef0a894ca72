
#include "prompt.h"
#include "prompt_words.h"

#include <strings.h>


/* a shared text shorter than this is cheaper to copy than to point to */
#define REVIEW_PIECE_MIN   128

#define REVIEW_MARK_OPEN   "<" REVIEW_MARK " id=\""
#define REVIEW_MARK_CLOSE  "\n</" REVIEW_MARK ">\n"


/*
 * All texts below are escaped and stand in one buffer: "head" is its beginning
 * up to where the first user message's text begins, "common" is all of it.
 */

struct review_prompt_s {
    review_pool_t          *pool;
    const review_words_t   *words;
    review_str_t            head;
    review_str_t            common;
    review_str_t            chunk;
    review_str_t            heading;
    review_str_t            references;
    json_t                 *vars;        /* name: escaped text */
    unsigned                stream:1;
    unsigned                schema:1;
};


typedef struct {
    review_prompt_t        *prompt;
    review_question_t      *question;
    review_point_t         *point;
    size_t                  step;
    review_str_t            answer;      /* the last one, escaped */
    review_buf_t            own;         /* what only this body has */
    size_t                  from;        /* what is not yet in a piece */
    review_str_t           *pieces;
    size_t                  npieces;
    size_t                  size;
} review_body_t;


/* a text that may be empty, and then be nowhere */

static void
review_prompt_text(review_buf_t *b, const review_str_t *text)
{
    if (text->len) {
        review_buf_escape(b, text->data, text->len);
    }
}


/*
 * Material must not end its own mark, nor open another: a "<" before the
 * mark's name is set off with a space.
 */

static void
review_prompt_material(review_buf_t *b, const char *data, size_t len)
{
    const char  *p, *name, *from, *last;

    if (len == 0) {
        return;
    }

    from = data;
    last = data + len;

    for (p = data; p < last; /* void */) {
        p = memchr(p, '<', (size_t) (last - p));

        if (p == NULL) {
            break;
        }

        name = ++p;

        if (name < last && *name == '/') {
            name++;
        }

        if ((size_t) (last - name) >= sizeof(REVIEW_MARK) - 1
            && strncasecmp(name, REVIEW_MARK, sizeof(REVIEW_MARK) - 1) == 0)
        {
            review_buf_escape(b, from, (size_t) (p - from));
            review_buf_add(b, " ", 1);
            from = p;
        }
    }

    review_buf_escape(b, from, (size_t) (last - from));
}


static void
review_prompt_words(review_buf_t *b, const char *words)
{
    review_buf_escape(b, words, strlen(words));
}


/* writes a text between marks and tells where in the buffer it stands */

static void
review_prompt_marked(review_buf_t *b, const char *id, size_t len,
    review_str_t *text, size_t *from, size_t *to)
{
    review_prompt_words(b, REVIEW_MARK_OPEN);
    review_prompt_material(b, id, len);
    review_prompt_words(b, "\">\n");

    *from = b->len;
    review_prompt_material(b, text->data, text->len);
    *to = b->len;

    review_prompt_words(b, REVIEW_MARK_CLOSE);
}


static void
review_prompt_head(review_prompt_t *p, review_buf_t *b,
    review_subject_t *subject)
{
    review_buf_puts(b, "{");

    if (subject->model.len) {
        review_buf_puts(b, "\"model\":");
        review_buf_json(b, subject->model.data, subject->model.len);
        review_buf_puts(b, ",");
    }

    review_buf_puts(b, "\"messages\":[{\"role\":\"system\",\"content\":\"");

    review_prompt_text(b, &subject->system);

    if (subject->system.len == 0) {
        review_prompt_words(b, p->words->role);
    }

    review_prompt_words(b, "\n\n");
    review_prompt_words(b, p->words->contract);
    review_buf_puts(b, "\"},{\"role\":\"user\",\"content\":\"");
}


static void
review_prompt_slice(review_str_t *str, review_buf_t *b, size_t from,
    size_t to)
{
    str->data = b->data + from;
    str->len = to - from;
}


static int
review_prompt_common(review_prompt_t *p, review_subject_t *subject)
{
    size_t        i, size, head, heading, heading_end, chunk, chunk_end;
    size_t        references, references_end, from, to;
    review_buf_t  b;

    size = 1024 + strlen(p->words->role) + strlen(p->words->contract)
           + subject->model.len + subject->system.len
           + subject->heading.len + subject->chunk.len;

    for (i = 0; i < subject->nreferences; i++) {
        size += 64 + subject->reference_ids[i].len
                + subject->references[i].len;
    }

    review_buf_init(&b, p->pool, size + size / 16);

    review_prompt_head(p, &b, subject);
    head = b.len;

    if (subject->heading.len) {
        review_prompt_words(&b, p->words->heading);
    }

    heading = b.len;
    review_prompt_material(&b, subject->heading.data, subject->heading.len);
    heading_end = b.len;

    if (subject->heading.len) {
        review_prompt_words(&b, "\n");
    }

    review_prompt_marked(&b, "chunk", 5, &subject->chunk, &chunk, &chunk_end);

    if (subject->nreferences) {
        review_prompt_words(&b, p->words->references);
    }

    references = b.len;

    for (i = 0; i < subject->nreferences; i++) {
        review_prompt_marked(&b, subject->reference_ids[i].data,
                             subject->reference_ids[i].len,
                             &subject->references[i], &from, &to);
    }

    references_end = b.len;

    review_prompt_words(&b, "\n");

    if (b.failed) {
        return -1;
    }

    review_prompt_slice(&p->head, &b, 0, head);
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
        review_prompt_material(b, json_string_value(value),
                               json_string_length(value));

    } else if (json_is_real(value)) {

        /* 15 digits, so that 0.1 stays 0.1 */

        n = json_dumpb(value, number, sizeof(number),
                       JSON_ENCODE_ANY|JSON_REAL_PRECISION(15));

        review_buf_add(b, number, n < sizeof(number) ? n : 0);

    } else {
        review_buf_init(&text, b->pool, 0);
        review_buf_value(&text, value);

        if (text.failed) {
            return -1;
        }

        review_buf_escape(b, text.data, text.len);
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
    p->stream = subject->stream;
    p->schema = subject->schema;

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


static void
review_body_piece(review_body_t *body, const char *data, size_t len)
{
    review_str_t  *pieces;

    if (body->own.failed || len == 0) {
        return;
    }

    if (body->npieces == body->size) {
        pieces = review_alloc(body->prompt->pool,
                              (body->size * 2 + 4) * sizeof(review_str_t));
        if (pieces == NULL) {
            body->own.failed = 1;
            return;
        }

        if (body->npieces) {
            memcpy(pieces, body->pieces, body->npieces * sizeof(review_str_t));
        }

        body->pieces = pieces;
        body->size = body->size * 2 + 4;
    }

    body->pieces[body->npieces].data = data;
    body->pieces[body->npieces].len = len;
    body->npieces++;
}


static void
review_body_flush(review_body_t *body)
{
    if (body->own.len > body->from) {
        review_body_piece(body, body->own.data + body->from,
                          body->own.len - body->from);
        body->from = body->own.len;
    }
}


/* an escaped text that outlives the body */

static void
review_body_share(review_body_t *body, const review_str_t *text)
{
    if (text->len < REVIEW_PIECE_MIN) {
        review_buf_str(&body->own, text);
        return;
    }

    review_body_flush(body);
    review_body_piece(body, text->data, text->len);
}


static void
review_body_var(review_body_t *body, review_str_t *name)
{
    json_t        *value;
    review_str_t   text;

    value = json_object_getn(body->prompt->vars, name->data, name->len);

    if (value) {
        text.data = json_string_value(value);
        text.len = json_string_length(value);
        review_body_share(body, &text);
    }
}


static void
review_body_template(review_body_t *body, review_template_t *template)
{
    size_t            i;
    review_part_t    *part;
    review_point_t   *point;
    review_prompt_t  *prompt;

    point = body->point;
    prompt = body->prompt;

    for (i = 0; i < template->nparts; i++) {
        part = &template->parts[i];

        switch (part->type) {

        case REVIEW_PART_TEXT:
            review_body_share(body, &part->text);
            break;

        case REVIEW_PART_CHUNK:
            review_body_share(body, &prompt->chunk);
            break;

        case REVIEW_PART_HEADING:
            review_body_share(body, &prompt->heading);
            break;

        case REVIEW_PART_REFERENCES:
            review_body_share(body, &prompt->references);
            break;

        case REVIEW_PART_ANSWER:
            review_body_share(body, &body->answer);
            break;

        case REVIEW_PART_POINT_ID:
            review_prompt_text(&body->own, &point->id);
            break;

        case REVIEW_PART_POINT_TITLE:
            review_prompt_text(&body->own, &point->title);
            break;

        case REVIEW_PART_POINT_QUESTION:
            review_prompt_text(&body->own, &point->question);
            break;

        case REVIEW_PART_POINT_SEVERITY:
            review_prompt_words(&body->own,
                                review_severities[point->severity]);
            break;

        case REVIEW_PART_VAR:
            review_body_var(body, &part->text);
            break;
        }
    }
}


static void
review_body_point(review_body_t *body)
{
    review_point_t        *point;
    const review_words_t  *words;

    point = body->point;
    words = body->prompt->words;

    review_prompt_words(&body->own, words->title);
    review_prompt_text(&body->own, &point->title);
    review_prompt_words(&body->own, "\n");
    review_prompt_words(&body->own, words->severity);
    review_prompt_words(&body->own, review_severities[point->severity]);
    review_prompt_words(&body->own, "\n");
    review_prompt_words(&body->own, words->question);
    review_prompt_text(&body->own, &point->question);
}


static int
review_body_last(review_body_t *body)
{
    return body->step + 1 >= body->point->nprompts;
}


/* the schema of "data", as text of a message */

static void
review_body_data(review_body_t *body)
{
    review_buf_t  schema;

    review_buf_init(&schema, body->prompt->pool, 0);
    review_buf_value(&schema, body->point->data);

    if (schema.failed) {
        body->own.failed = 1;
        return;
    }

    review_prompt_words(&body->own, "\n\n");
    review_prompt_words(&body->own, body->prompt->words->data);
    review_buf_escape(&body->own, schema.data, schema.len);
}


/* what a question ends with, so that the answer has the form needed */

static void
review_body_close(review_body_t *body)
{
    review_point_t        *point;
    const review_words_t  *words;

    point = body->point;
    words = body->prompt->words;

    if (!review_body_last(body)) {
        review_prompt_words(&body->own, "\n\n");
        review_prompt_words(&body->own, words->step);
        return;
    }

    if (point->data) {
        review_body_data(body);
    }

    /* a prompt that places the chunk itself is its author's alone */

    if (point->nprompts == 1 && point->prompts[0]->chunk) {
        return;
    }

    review_prompt_words(&body->own, "\n\n");
    review_prompt_words(&body->own, words->json);
}


/* the text of the step's user message, or the rest of it */

static void
review_body_step(review_body_t *body)
{
    review_point_t  *point;

    point = body->point;

    if (point->nprompts == 0) {
        review_body_point(body);

    } else {
        review_body_template(body, point->prompts[body->step]);
    }

    review_body_close(body);
}


static void
review_body_first(review_body_t *body)
{
    review_point_t   *point;
    review_prompt_t  *prompt;

    point = body->point;
    prompt = body->prompt;

    if (point->nprompts && point->prompts[0]->chunk) {
        review_body_piece(body, prompt->head.data, prompt->head.len);

    } else {
        review_body_piece(body, prompt->common.data, prompt->common.len);
    }

    review_body_step(body);
}


static void
review_body_turn(review_body_t *body, review_turn_t *turn)
{
    review_buf_t           answer;
    const review_words_t  *words;

    words = body->prompt->words;

    review_buf_init(&answer, body->prompt->pool,
                    turn->answer.len + turn->answer.len / 16);
    review_prompt_text(&answer, &turn->answer);

    if (answer.failed) {
        body->own.failed = 1;
        return;
    }

    body->answer.data = answer.data;
    body->answer.len = answer.len;

    review_buf_puts(&body->own, "\"},{\"role\":\"assistant\",\"content\":\"");
    review_body_share(body, &body->answer);
    review_buf_puts(&body->own, "\"},{\"role\":\"user\",\"content\":\"");

    if (turn->complaint.len == 0 && !review_body_last(body)) {
        body->step++;
        review_body_step(body);
        return;
    }

    if (turn->complaint.len) {
        review_prompt_words(&body->own, words->complaint);
        review_prompt_text(&body->own, &turn->complaint);
        review_prompt_words(&body->own, "\n");
    }

    review_prompt_words(&body->own,
                        review_body_last(body) ? words->again
                                               : words->again_step);
}


static void
review_body_format(review_body_t *body)
{
    review_buf_t  *b;

    b = &body->own;

    review_buf_puts(b, review_answer_format);

    if (body->point->data) {
        review_buf_puts(b, ",\"data\":");
        review_buf_value(b, body->point->data);
    }

    review_buf_puts(b, review_answer_required);

    if (body->point->data) {
        review_buf_puts(b, ",\"data\"");
    }

    review_buf_puts(b, "]}}}");
}


static void
review_body_tail(review_body_t *body)
{
    int            tokens, temperature;
    review_buf_t  *b;

    b = &body->own;

    /* in thousandths: what printf() makes of a real depends on the locale */

    temperature = body->point->temperature > 0
                  ? (int) (body->point->temperature * 1000 + 0.5) : 0;

    review_buf_printf(b, "\"}],\"temperature\":%d.%03d", temperature / 1000,
                      temperature % 1000);

    tokens = body->question->max_tokens > 0 ? body->question->max_tokens
                                            : body->point->max_tokens;
    if (tokens > 0) {
        review_buf_printf(b, ",\"max_tokens\":%d", tokens);
    }

    review_buf_puts(b, body->prompt->stream
                       ? ",\"stream\":true,\"stream_options\":"
                         "{\"include_usage\":true}"
                       : ",\"stream\":false");

    if (body->prompt->schema && review_body_last(body)) {
        review_body_format(body);
    }

    review_buf_puts(b, "}");
}


size_t
review_prompt_body(review_prompt_t *prompt, review_question_t *question,
    review_str_t **pieces)
{
    size_t         i;
    review_body_t  body;

    memset(&body, 0, sizeof(body));

    body.prompt = prompt;
    body.question = question;
    body.point = question->point;

    review_buf_init(&body.own, prompt->pool,
                    512 + body.point->title.len + body.point->question.len);

    review_body_first(&body);

    for (i = 0; i < question->nturns; i++) {
        review_body_turn(&body, &question->turns[i]);
    }

    review_body_tail(&body);
    review_body_flush(&body);

    if (body.own.failed) {
        return 0;
    }

    *pieces = body.pieces;

    return body.npieces;
}
