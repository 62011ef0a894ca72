
#include "review/rubric/prompt_shared.h"
#include "review/json/schema.h"
#include "review/json/write.h"
#include "review/rubric/control.h"


/* a shared text shorter than this is cheaper to copy than to point to */
#define REVIEW_PIECE_MIN  128


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


static void
review_prompt_body_piece(review_body_t *body, const char *data, size_t len)
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
review_prompt_body_flush(review_body_t *body)
{
    if (body->own.len > body->from) {
        review_prompt_body_piece(body, body->own.data + body->from,
                                 body->own.len - body->from);
        body->from = body->own.len;
    }
}


/* an escaped text that outlives the body */

static void
review_prompt_body_share(review_body_t *body, const review_str_t *text)
{
    if (text->len < REVIEW_PIECE_MIN) {
        review_buf_str(&body->own, text);
        return;
    }

    review_prompt_body_flush(body);
    review_prompt_body_piece(body, text->data, text->len);
}


/* one that may be of a request */

static void
review_prompt_body_text(review_body_t *body, const review_str_t *text)
{
    review_control_text(&body->own, text->data, text->len);
}


static void
review_prompt_body_var(review_body_t *body, review_str_t *name)
{
    json_t        *value;
    review_str_t   text;

    value = json_object_getn(body->prompt->vars, name->data, name->len);

    if (value) {
        text.data = json_string_value(value);
        text.len = json_string_length(value);
        review_prompt_body_share(body, &text);
    }
}


static void
review_prompt_body_template(review_body_t *body, review_template_t *template)
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
            review_prompt_body_share(body, &part->text);
            break;

        case REVIEW_PART_CHUNK:
            review_prompt_body_share(body, &prompt->chunk);
            break;

        case REVIEW_PART_HEADING:
            review_prompt_body_share(body, &prompt->heading);
            break;

        case REVIEW_PART_REFERENCES:
            review_prompt_body_share(body, &prompt->references);
            break;

        case REVIEW_PART_ANSWER:
            review_prompt_body_share(body, &body->answer);
            break;

        case REVIEW_PART_POINT_ID:
            review_prompt_body_text(body, &point->id);
            break;

        case REVIEW_PART_POINT_TITLE:
            review_prompt_body_text(body, &point->title);
            break;

        case REVIEW_PART_POINT_QUESTION:
            review_prompt_body_text(body, &point->question);
            break;

        case REVIEW_PART_POINT_SEVERITY:
            review_prompt_words(&body->own,
                                review_severities[point->severity]);
            break;

        case REVIEW_PART_VAR:
            review_prompt_body_var(body, &part->text);
            break;
        }
    }
}


static void
review_prompt_body_point(review_body_t *body)
{
    review_point_t        *point;
    const review_words_t  *words;

    point = body->point;
    words = body->prompt->words;

    review_prompt_words(&body->own, words->title);
    review_prompt_body_text(body, &point->title);
    review_prompt_words(&body->own, "\n");
    review_prompt_words(&body->own, words->severity);
    review_prompt_words(&body->own, review_severities[point->severity]);
    review_prompt_words(&body->own, "\n");
    review_prompt_words(&body->own, words->question);
    review_prompt_body_text(body, &point->question);
}


static int
review_prompt_body_last(review_body_t *body)
{
    return body->step + 1 >= body->point->nprompts;
}


/* the schema of "data", as text of a message */

static void
review_prompt_body_data(review_body_t *body)
{
    review_buf_t  schema;

    review_buf_init(&schema, body->prompt->pool, 0);
    review_write_value(&schema, NULL, body->point->data);

    if (schema.failed) {
        body->own.failed = 1;
        return;
    }

    review_prompt_words(&body->own, "\n\n");
    review_prompt_words(&body->own, body->prompt->words->data);
    review_control_text(&body->own, schema.data, schema.len);

    if (body->point->nagree) {
        review_prompt_words(&body->own, "\n\n");
        review_prompt_words(&body->own, body->prompt->words->agree);
    }
}


/* it is found, or is not, in what was found for it */

static void
review_prompt_body_document(review_body_t *body)
{
    const review_words_t  *words;

    words = body->prompt->words;

    review_prompt_words(&body->own, "\n\n");
    review_prompt_words(&body->own, words->document);

    if (body->point->expand) {
        review_prompt_words(&body->own, words->expand);
    }
}


/* what a question ends with, so that the answer has the form needed */

static void
review_prompt_body_close(review_body_t *body)
{
    review_point_t        *point;
    const review_words_t  *words;

    point = body->point;
    words = body->prompt->words;

    if (!review_prompt_body_last(body)) {
        review_prompt_words(&body->own, "\n\n");
        review_prompt_words(&body->own, words->step);
        return;
    }

    if (point->scope == REVIEW_SCOPE_DOCUMENT) {
        review_prompt_body_document(body);
    }

    if (point->data) {
        review_prompt_body_data(body);
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
review_prompt_body_step(review_body_t *body)
{
    review_point_t  *point;

    point = body->point;

    if (point->nprompts == 0) {
        review_prompt_body_point(body);

    } else {
        review_prompt_body_template(body, point->prompts[body->step]);
    }

    review_prompt_body_close(body);
}


/* the head for an LLM that knows no system: once for all bodies */

static void
review_prompt_body_merge(review_body_t *body)
{
    review_buf_t      b;
    review_prompt_t  *prompt;

    prompt = body->prompt;

    if (prompt->merged.data) {
        return;
    }

    review_buf_init(&b, prompt->pool, prompt->head.len);

    review_write_object(&b, NULL);
    review_write_array(&b, "messages");
    review_prompt_message(&b, "user");
    review_buf_str(&b, &prompt->system);
    review_prompt_words(&b, "\n\n");

    if (b.failed) {
        body->own.failed = 1;
        return;
    }

    prompt->merged.data = b.data;
    prompt->merged.len = b.len;
}


static void
review_prompt_body_first(review_body_t *body)
{
    review_str_t      head, rest;
    review_point_t   *point;
    review_prompt_t  *prompt;

    point = body->point;
    prompt = body->prompt;

    rest.data = prompt->head.data + prompt->head.len;
    rest.len = prompt->common.len - prompt->head.len;

    if (point->nprompts && point->prompts[0]->chunk) {
        rest.len = 0;
    }

    if (body->question->llm->merged) {
        review_prompt_body_merge(body);
        head = prompt->merged;

    } else {
        head.data = prompt->head.data;
        head.len = prompt->head.len + rest.len;
        rest.len = 0;
    }

    review_prompt_body_piece(body, head.data, head.len);
    review_prompt_body_piece(body, rest.data, rest.len);

    review_prompt_body_step(body);
}


static void
review_prompt_body_turn(review_body_t *body, review_turn_t *turn)
{
    const review_words_t  *words;

    words = body->prompt->words;
    body->answer = turn->answer;

    review_prompt_message_end(&body->own);
    review_prompt_message(&body->own, "assistant");
    review_prompt_body_share(body, &body->answer);
    review_prompt_message_end(&body->own);
    review_prompt_message(&body->own, "user");

    if (turn->complaint.len == 0 && !review_prompt_body_last(body)) {
        body->step++;
        review_prompt_body_step(body);
        return;
    }

    if (turn->complaint.len) {
        review_prompt_words(&body->own, words->complaint);
        review_control_text(&body->own, turn->complaint.data,
                            turn->complaint.len);
        review_prompt_words(&body->own, "\n");
    }

    review_prompt_words(&body->own,
                        review_prompt_body_last(body) ? words->again
                                               : words->again_step);
}


static void
review_prompt_body_format(review_body_t *body)
{
    int            found;
    review_buf_t  *b;

    b = &body->own;
    found = body->point->scope == REVIEW_SCOPE_DOCUMENT;

    review_write_name(b, "response_format");
    review_buf_puts(b, review_answer_format);
    review_buf_puts(b, found ? review_answer_found : "");
    review_buf_puts(b, review_answer_verdict);
    review_buf_puts(b, body->point->expand ? review_answer_terms : "");

    if (body->point->data) {
        review_schema_write(b, "data", body->point->data);
    }

    review_buf_puts(b, review_answer_required);

    if (found) {
        review_write_word(b, NULL, "found");
    }

    if (body->point->data) {
        review_write_word(b, NULL, "data");
    }

    review_write_array_end(b);
    review_write_object_end(b);
    review_write_object_end(b);
    review_write_object_end(b);
}


/*
 * Parameters are the point's, then the rubric's, then the LLM's: the first one
 * of a name counts.  Here "max_tokens" is whatever the LLM calls it.
 */

#define REVIEW_BODY_PARAMS  3

static const review_params_t *
review_prompt_body_params(const review_question_t *question, size_t i)
{
    return i < 2 ? question->params[i] : &question->llm->params;
}


/* the one that counts of those before "end", or NULL */

static const review_param_t *
review_prompt_body_param(const review_question_t *question, const char *name,
    size_t len, size_t end)
{
    size_t                  i;
    const review_param_t   *param;
    const review_params_t  *params;

    for (i = 0; i < end; i++) {
        params = review_prompt_body_params(question, i);

        if (params == NULL || params->n == 0) {
            continue;
        }

        param = review_params_find(params, name, len);

        if (param) {
            return param;
        }
    }

    return NULL;
}


/* over ours; what a point has as its own member is over all but its own */

static const review_param_t *
review_prompt_body_over(const review_question_t *question, const char *name,
    int own)
{
    return review_prompt_body_param(question, name, strlen(name),
                                    own ? 1 : REVIEW_BODY_PARAMS);
}


static const review_param_t *
review_prompt_body_over_tokens(const review_question_t *question)
{
    size_t                 i, own;
    const char            *name;
    const review_param_t  *param;

    own = question->point->max_tokens > 0;
    name = question->llm->tokens;

    for (i = 1; i <= (own ? 1 : REVIEW_BODY_PARAMS); i++) {
        param = review_prompt_body_param(question, name, strlen(name), i);

        if (param == NULL) {
            param = review_prompt_body_param(question, "max_tokens", 10, i);
        }

        if (param) {
            return param;
        }
    }

    return NULL;
}


int
review_prompt_body_tokens(const review_question_t *question)
{
    const review_param_t  *param;

    if (question->max_tokens < 0) {
        return 0;
    }

    param = review_prompt_body_over_tokens(question);

    if (param && param->value.len == 0) {
        return 0;
    }

    return question->max_tokens ? question->max_tokens
           : param ? review_params_number(param) : question->point->max_tokens;
}


/* in place of one of ours: 1, if there is any, be it that none is sent */

static int
review_prompt_body_replace(review_buf_t *b, const char *name,
    const review_param_t *param)
{
    if (param && param->value.len) {
        review_write_name(b, name);
        review_buf_str(b, &param->value);
    }

    return param != NULL;
}


static void
review_prompt_body_bound(review_body_t *body)
{
    int                       tokens;
    review_buf_t             *b;
    const review_param_t     *param;
    const review_question_t  *question;

    b = &body->own;
    question = body->question;

    if (question->max_tokens < 0) {
        return;
    }

    param = review_prompt_body_over_tokens(question);
    tokens = review_prompt_body_tokens(question);

    if (tokens > 0) {
        review_write_number(b, question->llm->tokens, (uint64_t) tokens);
        return;
    }

    /* it may be no number that we know */

    (void) review_prompt_body_replace(b, question->llm->tokens, param);
}


static int
review_prompt_body_is_ours(const review_llm_t *llm, const review_str_t *name)
{
    size_t       i;
    const char  *ours[] = {
        "temperature", "max_tokens", "stream_options", "response_format",
        llm->tokens
    };

    for (i = 0; i < sizeof(ours) / sizeof(ours[0]); i++) {
        if (strlen(ours[i]) == name->len
            && memcmp(ours[i], name->data, name->len) == 0)
        {
            return 1;
        }
    }

    return 0;
}


/* those that replace nothing of ours */

static void
review_prompt_body_more(review_body_t *body)
{
    size_t                  i, k;
    const review_param_t   *param;
    const review_params_t  *params;

    for (i = 0; i < REVIEW_BODY_PARAMS; i++) {
        params = review_prompt_body_params(body->question, i);

        for (k = 0; params && k < params->n; k++) {
            param = &params->elts[k];

            if (param->value.len == 0
                || review_prompt_body_is_ours(body->question->llm, &param->name)
                || review_prompt_body_param(body->question, param->name.data,
                                            param->name.len, i))
            {
                continue;
            }

            review_write_key(&body->own, param->name.data, param->name.len);
            review_buf_str(&body->own, &param->value);
        }
    }
}


static void
review_prompt_body_stream(review_body_t *body)
{
    review_buf_t             *b;
    const review_question_t  *question;

    b = &body->own;
    question = body->question;

    review_write_bool(b, "stream", question->llm->stream);

    if (!question->llm->stream
        || review_prompt_body_replace(b, "stream_options",
               review_prompt_body_over(question, "stream_options", 0)))
    {
        return;
    }

    review_write_object(b, "stream_options");
    review_write_bool(b, "include_usage", 1);
    review_write_object_end(b);
}


static void
review_prompt_body_answer_format(review_body_t *body)
{
    review_buf_t             *b;
    const review_question_t  *question;

    b = &body->own;
    question = body->question;

    if (!review_prompt_body_last(body)
        || review_prompt_body_replace(b, "response_format",
               review_prompt_body_over(question, "response_format", 0)))
    {
        return;
    }

    if (question->llm->format == REVIEW_FORMAT_SCHEMA) {
        review_prompt_body_format(body);
    }

    if (question->llm->format == REVIEW_FORMAT_OBJECT) {
        review_write_object(b, "response_format");
        review_write_word(b, "type", "json_object");
        review_write_object_end(b);
    }
}


static void
review_prompt_body_tail(review_body_t *body)
{
    double                    temperature;
    review_buf_t             *b;
    const review_question_t  *question;

    b = &body->own;
    question = body->question;
    temperature = question->point->temperature;

    review_prompt_message_end(b);
    review_write_array_end(b);
    review_prompt_body_flush(body);

    if (question->model.len) {
        review_write_str(b, "model", &question->model);
    }

    if (!review_prompt_body_replace(b, "temperature",
            review_prompt_body_over(question, "temperature", temperature >= 0)))
    {
        review_write_decimal(b, "temperature",
                             temperature > 0 ? temperature : 0);
    }

    review_prompt_body_bound(body);
    review_prompt_body_stream(body);
    review_prompt_body_answer_format(body);
    review_prompt_body_more(body);

    review_write_object_end(b);
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
                    384 + body.point->title.len + body.point->question.len);

    review_prompt_body_first(&body);

    for (i = 0; i < question->nturns; i++) {
        review_prompt_body_turn(&body, &question->turns[i]);
    }

    review_prompt_body_tail(&body);
    review_prompt_body_flush(&body);

    if (body.own.failed) {
        return 0;
    }

    *pieces = body.pieces;

    return body.npieces;
}


int
review_prompt_body_answer(review_pool_t *pool, const review_str_t *said,
    review_str_t *answer)
{
    review_buf_t  b;

    review_buf_init(&b, pool, said->len + said->len / 16 + 1);
    review_control_text(&b, said->data, said->len);

    answer->data = b.len ? b.data : "";
    answer->len = b.len;

    return b.failed ? -1 : 0;
}


int
review_prompt_body_is_large(const review_prompt_t *prompt,
    const review_str_t *pieces, size_t n)
{
    size_t  i, size;

    for (i = 0, size = 0; i < n; i++) {
        size += pieces[i].len;
    }

    return size > REVIEW_PROMPT_REPEATS * prompt->common.len
                  + REVIEW_PROMPT_BESIDES;
}
