
/* What we say to an LLM, in its language: texts, and nothing else. */

#ifndef _REVIEW_PROMPT_WORDS_H_INCLUDED_
#define _REVIEW_PROMPT_WORDS_H_INCLUDED_

#pragma GCC visibility push(hidden)


/* the marks around a text that is judged; the contracts name them */

#define REVIEW_MARK  "review-text"


typedef struct {
    const char             *role;        /* replaced by a rubric's "system" */
    const char             *contract;    /* never replaced */
    const char             *references;
    const char             *reference;   /* where there are several documents:
                                            before each, and its number, */
    const char             *overrides;   /* and behind them all */
    const char             *heading;
    const char             *chunk;
    const char             *title;
    const char             *severity;
    const char             *question;
    const char             *document;    /* of a point about the document: what
                                            it is asked of, and "found" */
    const char             *expand;      /* and "terms" */
    const char             *data;        /* before a point's own schema, */
    const char             *agree;       /* and behind it: values as they are */
    const char             *json;        /* the last line of a question */
    const char             *step;        /* likewise, of an earlier step */
    const char             *complaint;
    const char             *again;       /* after a complaint */
    const char             *again_step;
} review_words_t;


extern const review_words_t  review_words_zh;
extern const review_words_t  review_words_en;

/*
 * The contract once more, for servers that can enforce a form: the value of
 * "response_format" up to the verdict, on to the properties' end, and to the
 * end of what is required.  Servers have the members written in the order of
 * the properties: a verdict is to follow from its reason, not the other way
 * round.
 */

extern const char  review_answer_format[];
extern const char  review_answer_verdict[];
extern const char  review_answer_found[];
extern const char  review_answer_terms[];
extern const char  review_answer_required[];


#pragma GCC visibility pop


#endif /* _REVIEW_PROMPT_WORDS_H_INCLUDED_ */
