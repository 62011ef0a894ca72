
#ifndef _GNU_SOURCE
#define _GNU_SOURCE                    /* strcasestr() */
#endif

#include "review/completion/complaint.h"

#include <string.h>
#include <strings.h>


#define LLM    "review_llm"
#define PARAM  "review_llm_param"


typedef struct {
    const char      *word;         /* as errors have it */
    const char      *member;       /* NULL: the same */
    const char      *directive;
    const char      *advice;       /* NULL: the member is left out */
    unsigned         plain:1;      /* a word of English: only where quoted */
} review_complaint_word_t;


static const review_complaint_word_t  review_complaint_words[] = {
    { "stream_options", NULL, PARAM, NULL, 0 },
    { "include_usage", "stream_options", PARAM, NULL, 0 },

    { "json_schema", "response_format", LLM, "schema=object", 0 },
    { "json schema", "response_format", LLM, "schema=object", 0 },
    { "structured output", "response_format", LLM, "schema=object", 0 },
    { "structured_outputs", "response_format", LLM, "schema=object", 0 },
    { "json_object", "response_format", LLM, "schema=off", 0 },
    { "response_format", NULL, LLM, "schema=object", 0 },

    { "max_tokens", NULL, LLM, "tokens=max_completion_tokens", 0 },
    { "max_completion_tokens", NULL, LLM, "tokens=max_tokens", 0 },

    { "temperature", NULL, PARAM, NULL, 1 },
    { "invalid temperature", "temperature", PARAM, NULL, 0 },
    { "parameter temperature", "temperature", PARAM, NULL, 0 },
    { "temperature must", "temperature", PARAM, NULL, 0 },
    { "temperature should", "temperature", PARAM, NULL, 0 },
    { "stream", NULL, LLM, "stream=off", 1 },

    { "system role", "messages", LLM, "system=off", 0 },
    { "messages[0].role", "messages", LLM, "system=off", 0 },
    { "roles must alternate", "messages", LLM, "system=off", 0 },
    { "role system", "messages", LLM, "system=off", 0 },
    { "role 'system'", "messages", LLM, "system=off", 0 },

    { "model parameter", "model", LLM, "model=NAME", 0 },
    { "model", NULL, LLM, "model=NAME", 1 },

    { "enable_thinking", NULL, PARAM, "enable_thinking false", 0 },

    { "chat_template_kwargs", NULL, PARAM, NULL, 0 },
    { "thinking_budget", NULL, PARAM, NULL, 0 },
    { "reasoning_effort", NULL, PARAM, NULL, 0 },
    { "top_p", NULL, PARAM, NULL, 0 },
    { "top_k", NULL, PARAM, NULL, 0 },
    { "min_p", NULL, PARAM, NULL, 0 },
    { "presence_penalty", NULL, PARAM, NULL, 0 },
    { "frequency_penalty", NULL, PARAM, NULL, 0 },
    { "repetition_penalty", NULL, PARAM, NULL, 0 },
    { "logit_bias", NULL, PARAM, NULL, 0 },
    { "logprobs", NULL, PARAM, NULL, 0 },
    { "guided_json", NULL, PARAM, NULL, 0 },
    { "service_tier", NULL, PARAM, NULL, 0 },
    { "keep_alive", NULL, PARAM, NULL, 0 },
    { "do_sample", NULL, PARAM, NULL, 0 },
    { "num_ctx", "options", PARAM, NULL, 0 },
    { "options", NULL, PARAM, NULL, 1 },
    { "thinking", NULL, PARAM, NULL, 1 },
    { "reasoning", NULL, PARAM, NULL, 1 },
    { "think", NULL, PARAM, NULL, 1 },
    { "seed", NULL, PARAM, NULL, 1 },
    { "stop", NULL, PARAM, NULL, 1 },
    { "provider", NULL, PARAM, NULL, 1 },
    { "metadata", NULL, PARAM, NULL, 1 },
    { "store", NULL, PARAM, NULL, 1 },
    { "verbosity", NULL, PARAM, NULL, 1 },
};

#define REVIEW_COMPLAINT_WORDS                                                \
    (sizeof(review_complaint_words) / sizeof(review_complaint_words[0]))

_Static_assert(REVIEW_COMPLAINT_WORDS <= REVIEW_COMPLAINT_MEMBERS,
               "as many members as there are bits for");


static const char *const  review_complaint_contexts[] = {
    "context length",              /* OpenAI, vLLM, SGLang, OpenRouter */
    "context_length",
    "context window",
    "context size",                /* llama.cpp */
    "context_size",
    "context limit",
    "maximum context",             /* Mistral */
    "maximum model length",        /* vLLM */
    "maximum prompt length",       /* xAI */
    "maximum allowed length",      /* SGLang */
    "max_tokens must be at least 1, got -",     /* vLLM, before 0.8 */
    "`max_new_tokens` must be",    /* TGI */
    "model token limit",           /* Moonshot */
    "prompt is too long",
    "input is too long",
    "prompt exceeds max length",   /* Zhipu */
    "range of input length",       /* DashScope */
    "session_len",                 /* LMDeploy */
    "session length",
    "上下文长度",
    "上下文窗口",
    "输入过长",
    "超过最大长度",
    "超出最大长度",
    NULL
};


static int
review_complaint_is_name(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z')
           || (c >= '0' && c <= '9') || c == '_';
}


/* what a quoted name stands behind, or a path to it: "body.stream" */

static int
review_complaint_is_before(char c)
{
    return c && strchr("'\"`.\\/", c) != NULL;
}


/* the first place where it stands as a word of its own */

static const char *
review_complaint_at(const char *words, const char *last,
    const review_complaint_word_t *known)
{
    size_t       len;
    const char  *p, *at;

    len = strlen(known->word);

    for (p = words; (at = strcasestr(p, known->word)) != NULL; p = at + 1) {

        if (at >= last) {
            break;
        }

        if (review_complaint_is_name(at[len])
            || (at > words && review_complaint_is_name(at[-1])))
        {
            continue;
        }

        if (!known->plain
            || (at > words && review_complaint_is_before(at[-1])))
        {
            return at;
        }
    }

    return NULL;
}


/* FastAPI and pydantic tell the values that they refuse: these are ours */

static const char *
review_complaint_last(const char *words)
{
    size_t       i;
    const char  *at, *last;

    static const char *const  inputs[] = { "'input':", "\"input\":" };

    last = words + strlen(words);

    for (i = 0; i < sizeof(inputs) / sizeof(inputs[0]); i++) {
        at = strstr(words, inputs[i]);

        if (at && at < last) {
            last = at;
        }
    }

    return last;
}


/* some take it by another name, others less of it */

static const char *
review_complaint_tokens(const char *words, const char *member)
{
    const char  *other;

    other = strcmp(member, "max_tokens") == 0 ? "max_completion_tokens"
                                              : "max_tokens";

    return strcasestr(words, other) || strcasestr(words, "not permitted")
           || strcasestr(words, "unsupported param") ? NULL
           : strcmp(member, "max_tokens") == 0 ? "max_tokens NUMBER"
                                               : "max_completion_tokens NUMBER";
}


int
review_complaint(const char *words, review_complaint_t *complaint)
{
    size_t                          i;
    const char                     *at, *last, *first, *fewer;
    const review_complaint_word_t  *known, *found;

    found = NULL;
    first = NULL;
    last = review_complaint_last(words);

    for (i = 0; i < REVIEW_COMPLAINT_WORDS; i++) {
        known = &review_complaint_words[i];
        at = review_complaint_at(words, last, known);

        if (at && (found == NULL || at < first)) {
            found = known;
            first = at;
        }
    }

    if (found == NULL) {
        return 0;
    }

    /* "response_format.type `json_schema` is unavailable" */

    complaint->member = found->member ? found->member : found->word;
    complaint->directive = found->directive;
    complaint->advice = found->advice;

    if (strcmp(complaint->member, "response_format") == 0
        && strcasestr(words, "json_object"))
    {
        complaint->advice = "schema=off";
    }

    if (strstr(complaint->member, "_tokens")) {
        fewer = review_complaint_tokens(words, complaint->member);

        if (fewer) {
            complaint->directive = PARAM;
            complaint->advice = fewer;
        }
    }

    /* the first of those that mean the same */

    for (i = 0; i < REVIEW_COMPLAINT_WORDS; i++) {
        known = &review_complaint_words[i];

        if (strcmp(known->member ? known->member : known->word,
                   complaint->member)
            == 0)
        {
            break;
        }
    }

    complaint->index = (unsigned) i;

    return 1;
}


int
review_complaint_context(const char *words)
{
    size_t  i;

    for (i = 0; review_complaint_contexts[i]; i++) {
        if (strcasestr(words, review_complaint_contexts[i])) {
            return 1;
        }
    }

    return 0;
}
