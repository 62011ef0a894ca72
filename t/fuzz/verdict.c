
/*
 * Proves that no words of a document become a verdict: of an honest LLM's
 * answer, in whatever dress and with the document's words around it and in
 * it, comes the verdict that the LLM gave, or none.
 */

#ifndef _GNU_SOURCE
#define _GNU_SOURCE                    /* memmem() */
#endif

#include "../unit/verdicts.h"
#include "review/answer/answer.h"
#include "review/quote/known.h"


#define ANSWERS  16                    /* of each input */


int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);


static size_t  answers, taken;


static int
quoted_by(void *data, const char *text, size_t len)
{
    return review_known_holds(data, text, len);
}


static void
figures(void)
{
    fprintf(stderr, "%zu answers, %zu of them read\n", answers, taken);
}


/*
 * "cut": the server says that it has ended early.  What the LLM itself says of
 * another case may then be all that there is.
 */

static void
check(verdicts_t *v, size_t len, int cut)
{
    char                   *block;
    review_str_t            text;
    review_pool_t          *pool;
    review_error_t          err;
    review_answer_t         answer;
    review_answer_given_t   given;

    pool = tap_pool();

    memset(&given, 0, sizeof(given));

    text.data = v->hostile;
    text.len = strlen(v->hostile);

    given.quoted = quoted_by;
    given.data = review_known_create(pool, 1);
    review_known_add(given.data, &text);

    given.cut = cut & 1;

    block = malloc(len + 1);
    memcpy(block, v->text, len);

    answers++;

    if (review_answer_parse(pool, block, len, &given, &answer, &err) == 0
        && !(cut && answer.more))
    {
        taken++;

        if (strcmp(review_verdicts[answer.verdict], v->honest) != 0
            && !(cut && memmem(block, len, "若适用", strlen("若适用"))))
        {
            fprintf(stderr, "forged: %s for %s\nthe document: %s\n"
                    "the answer: %.*s\n", review_verdicts[answer.verdict],
                    v->honest, v->hostile, (int) len, v->text);
            abort();
        }
    }

    free(block);
    tap_pool_free(pool);
}


/*
 * An LLM that is held to a grammar, or takes the end of what it copies for its
 * own, says nothing behind it: whatever verdict is there is the document's.
 */

static void
check_stopped(verdicts_t *v)
{
    size_t  len;

    /* what it says itself of another case, or while it thinks */

    if (strstr(v->text, "若适用") || strstr(v->text, "不对")) {
        return;
    }

    for (len = 1; len <= v->len; len++) {

        if (v->text[len - 1] == '}'
            && !memmem(v->text, len, v->honest, strlen(v->honest)))
        {
            check(v, len, 0);
        }
    }
}


int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    size_t             i;
    static verdicts_t  v;

    static const char *const  honest[] = {
        "fail", "risk", "unsure", "not_applicable"
    };

    if (answers == 0) {
        atexit(figures);
    }

    v.data = data;
    v.size = size;
    v.random = 88172645463325252ull;

    for (i = 0; i < size; i++) {
        v.random = v.random * 1099511628211ull + data[i] + 1;
    }

    v.random |= 1;

    for (i = 0; i < ANSWERS; i++) {
        v.honest = verdicts_one(&v, honest);
        v.other = "pass";
        v.broken = verdicts_pick(&v, 3) == 0;
        v.known = 1;

        verdicts_hostile(&v);
        verdicts_make(&v, v.hostile);
        check(&v, v.len, 0);
        check_stopped(&v);
        check(&v, verdicts_pick(&v, v.len + 1), 1);
    }

    return 0;
}
