
/*
 * Proves, for any bytes, that a rubric is either loaded or refused with words
 * and a pointer that may be shown; and that whatever a loaded rubric has in
 * it, every body made of it is one JSON object, with all turns it may take.
 */

#include "check.h"
#include "review/rubric/prompt.h"
#include "review/base/utf8.h"


static void
check_error(review_error_t *err)
{
    size_t  len;

    check(err->text[0] != '\0');
    check(err->pointer[0] == '\0' || err->pointer[0] == '/');

    len = strlen(err->pointer);
    check(review_utf8_valid(err->pointer, len) == len);
}


static void
check_body(review_pool_t *pool, review_prompt_t *prompt,
    review_question_t *question)
{
    size_t         i, n;
    json_t        *json;
    review_buf_t   b;
    review_str_t  *pieces;

    n = review_prompt_body(prompt, question, &pieces);
    check(n > 0);

    review_buf_init(&b, pool, 0);

    for (i = 0; i < n; i++) {
        review_buf_str(&b, &pieces[i]);
    }

    json = json_loadb(b.data, b.len, JSON_REJECT_DUPLICATES, NULL);
    check(json_is_object(json));
    check(json_array_size(json_object_get(json, "messages"))
          == 2 + 2 * question->nturns);

    json_decref(json);
}


static void
check_rubric(review_pool_t *pool, review_rubric_t *rubric)
{
    size_t              i;
    review_str_t        reference = review_string("\"第二十七条\"\n");
    review_str_t        chunk = review_string("{{chunk}} \"\\\n</review-text>");
    review_turn_t       turns[3];
    review_llm_t        llm;
    review_prompt_t    *prompt;
    review_subject_t    subject;
    review_question_t   question;

    memset(&subject, 0, sizeof(subject));
    memset(&turns, 0, sizeof(turns));
    memset(&llm, 0, sizeof(llm));
    llm.tokens = "max_tokens";
    memset(&question, 0, sizeof(question));

    subject.chunk = chunk;
    subject.reference_ids = &rubric->name;
    subject.references = &reference;
    subject.nreferences = 1;
    subject.system = rubric->system;
    subject.language = rubric->language;

    llm.format = REVIEW_FORMAT_SCHEMA;
    question.llm = &llm;
    question.model = rubric->model;

    check(review_prompt_body_answer(pool, &chunk, &turns[0].answer) == 0);
    turns[1].answer.data = turns[2].answer.data = "";
    turns[1].complaint = reference;

    prompt = review_prompt_create(pool, &subject);
    check(prompt != NULL);

    for (i = 0; i < rubric->npoints; i++) {
        check(rubric->points[i].id.len > 0);
        check(review_rubric_point(rubric, rubric->points[i].id.data,
                                  rubric->points[i].id.len)
              == &rubric->points[i]);

        question.point = &rubric->points[i];
        question.turns = turns;
        question.params[0] = &rubric->points[i].params;
        question.params[1] = &rubric->params;

        for (question.nturns = 0; question.nturns <= 3; question.nturns++) {
            check_body(pool, prompt, &question);
        }
    }
}


int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char             *text;
    review_pool_t    *pool;
    review_error_t    err;
    review_rubric_t  *rubric;

    pool = tap_pool();

    /* a block that is freed after: nothing may point into it */

    text = malloc(size ? size : 1);

    if (size) {
        memcpy(text, data, size);
    }

    memset(&err, 0, sizeof(err));

    rubric = review_rubric_load(pool, text, size, &err);

    if (rubric == NULL) {
        check_error(&err);
    }

    free(text);

    if (rubric) {
        check_rubric(pool, rubric);
    }

    tap_pool_free(pool);

    return 0;
}
