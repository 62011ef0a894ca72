
/*
 * The tokens of what passes are read however it is cut: each body here is fed
 * whole, byte by byte, and in pieces of a few sizes, that are freed once they
 * were fed, and says the same each time.  Usage is the server's own word, the
 * last of it; what has come since, or where there is none, is estimated from
 * the text, also of a stream that was cut.  No size of a body, of an event or
 * of a name, and no depth, takes any memory.
 */

#include "tap.h"
#include "review/completion/usage.h"
#include "review/outline/units.h"


/* in bodies single quotes stand for double ones */

#define EVENT(rest)   "data: {'id':'1','model':'qwen'," rest "}\n\n"
#define TEXT(text)    EVENT("'choices':[{'index':0,'delta':{'content':'"     \
                            text "'},'finish_reason':null}]")
#define DONE          "data: [DONE]\n\n"
#define USAGE(p, c)   "'usage':{'prompt_tokens':" #p                         \
                      ",'completion_tokens':" #c                             \
                      ",'prompt_tokens_details':{'cached_tokens':5}}"


typedef struct {
    const char  *title;
    const char  *body;
    int64_t      prompt;
    int64_t      completion;
    const char  *model;
} body_t;


static const body_t  bodies[] = {

    { "a chat completion",
      "{'id':'1','object':'chat.completion','model':'qwen','choices':[{"
      "'index':0,'message':{'role':'assistant','content':'yes, it is'}}],"
      USAGE(11, 22) "}", 11, 22, "qwen" },

    { "usage before the text",
      "{" USAGE(11, 22) ",'choices':[{'message':{'content':'yes, it is'}}],"
      "'model':'qwen'}", 11, 22, "qwen" },

    { "embeddings",
      "{'object':'list','data':[{'object':'embedding','embedding':"
      "[0.1,-2e-5,3],'index':0}],'model':'bge','usage':"
      "{'prompt_tokens':7,'total_tokens':7}}", 7, -1, "bge" },

    { "embeddings that tell the sum alone",
      "{'data':[{'embedding':'AAAA'}],'usage':{'total_tokens':9}}",
      9, -1, "" },

    { "usage in the choice",
      "{'choices':[{'message':{'content':'yes'}," USAGE(11, 22) "}]}",
      11, 22, "" },

    { "the sum is of both",
      "{'usage':{'total_tokens':9,'completion_tokens':4}}", 5, 4, "" },

    { "a body without usage: what it says is estimated",
      "{'model':'m','choices':[{'message':{'content':'\xe6\xa0\x87\xe4\xb9\xa6'"
      "}}]}", -1, 2, "m" },

    { "what is escaped is the same text",
      "{'choices':[{'message':{'content':'\\u6807\\u4e66\\n\\ud83d\\ude00"
      "\\u0041'}}]}", -1, 5, "" },

    { "an older completion",
      "{'choices':[{'text':'abcd efgh'}],'model':'m'}", -1, 2, "m" },

    { "tools are called with tokens as well",
      "{'choices':[{'message':{'content':null,'tool_calls':[{'id':'call_1',"
      "'type':'function','function':{'name':'find','arguments':"
      "'{\\'a\\':1}'}}]}}]}", -1, 1 + 7, "" },

    { "reasoning that is told under two names is told once",
      "{'choices':[{'message':{'content':'abcd','reasoning_content':"
      "'abcd abcd','reasoning':'abcd abcd'}}]}", -1, 3, "" },

    { "words in a text, and elsewhere, are no usage",
      "{'choices':[{'message':{'content':'\\'usage\\':{\\'total_tokens\\':5}'},"
      "'usage':{'prompt_tokens':1},'logprobs':{'content':[{'token':'abcd'}]}}],"
      "'x':{'usage':{'prompt_tokens':1}},'y':['usage',{'usage':1}],"
      USAGE(3, 4) "}", 3, 4, "" },

    { "numbers that are none are not told",
      "{'usage':{'prompt_tokens':null,'completion_tokens':'5'}}", -1, -1, "" },

    { "nor are those below zero, or with a fraction",
      "{'usage':{'prompt_tokens':-5,'completion_tokens':5.5}}", -1, -1, "" },

    { "what is too much for anybody is bounded",
      "{'usage':{'prompt_tokens':99999999999999999999999,"
      "'completion_tokens':1}}", UINT32_MAX, 1, "" },

    { "spaces",
      "\xef\xbb\xbf \r\n{ 'usage' : { 'prompt_tokens' : 5 ,\n"
      "'completion_tokens' : 6 } , 'model' : 'm' }\n", 5, 6, "m" },

    { "an error has no tokens",
      "{'error':{'message':'no','type':'x','code':500}}", -1, -1, "" },

    { "nor has a page", "<html>'usage':{'prompt_tokens':5}</html>", -1, -1,
      "" },

    { "nor has nothing", "", -1, -1, "" },

    { "a stream with usage in its last event",
      TEXT("abcd") TEXT(" efgh") EVENT("'choices':[]," USAGE(10, 2)) DONE,
      10, 2, "qwen" },

    { "the last usage is the one that counts",
      EVENT("'choices':[{'delta':{'content':'abcd'}}]," USAGE(10, 1))
      EVENT("'choices':[{'delta':{'content':'abcd'}}]," USAGE(10, 2))
      EVENT("'choices':[{'delta':{'content':'abcd'}}]," USAGE(10, 3)) DONE,
      10, 3, "qwen" },

    { "cut after it: what has come since is estimated",
      EVENT("'choices':[{'delta':{'content':'abcd'}}]," USAGE(10, 1))
      TEXT("abcd") TEXT("\xe6\xa0\x87\xe4\xb9\xa6") "data: {'id':'1','cho",
      10, 1 + 1 + 2, "qwen" },

    { "a stream without usage: its deltas are estimated, as one text",
      TEXT("ab") TEXT("cd") TEXT(" ef") TEXT("gh ") TEXT("12")
      EVENT("'choices':[{'delta':{},'finish_reason':'stop'}],'usage':null")
      DONE, -1, 4, "qwen" },

    { "lines end with CRLF, or CR",
      "data: {'model':'m',\r\ndata:" USAGE(1, 2) "}\r\n\r\n"
      "data: {'choices':[{'delta':{'content':'abcd'}}]}\r\r"
      ": ping\r\r" DONE, 1, 3, "m" },

    { "events of many lines, fields that are none of ours",
      "event: message\nid: 7\nretry: 5\ndatum: {'usage':{'prompt_tokens':1}}\n"
      "data: {'usage':\ndata: {'prompt_tokens'\ndata: :5,\n"
      "data: 'completion_tokens':6}}\n\n", 5, 6, "" },

    { "an event that breaks off does not spoil the next",
      "data: {'choices':[{'delta':{'content':'ab\n\n"
      EVENT(USAGE(10, 2)) "data: {'usage':{'completion_tokens':\n\n" DONE,
      10, 2, "qwen" },

    { "no blank line is needed at the end",
      TEXT("abcd") "data: {" USAGE(10, 2) "}", 10, 2, "qwen" },

    { "one that is cut in its usage is not believed a part of a number",
      TEXT("abcd") "data: {'usage':{'prompt_tokens':10,'completion_tokens':3",
      10, 1, "qwen" },

    { "more than is open is closed", "{}}}]]{" USAGE(1, 2) "}", 1, 2, "" },
};


static char *
quoted(const char *text)
{
    char  *s, *p;

    s = strdup(text);

    for (p = s; *p; p++) {
        if (*p == '\'') {
            *p = '"';
        }
    }

    return s;
}


/* in pieces of this size, each in memory of its own */

static void
feed(review_usage_t *u, const char *text, size_t len, size_t size)
{
    char    *piece;
    size_t   n;

    for ( /* void */ ; len; text += n, len -= n) {
        n = len < size ? len : size;

        piece = malloc(n);
        memcpy(piece, text, n);
        review_usage_feed(u, piece, n);
        free(piece);
    }
}


static void
test_bodies(void)
{
    char            *text;
    size_t           i, j, same;
    review_usage_t   u;

    static const size_t  sizes[] = { SIZE_MAX, 1, 2, 3, 7, 16, 61 };

    for (i = 0; i < sizeof(bodies) / sizeof(bodies[0]); i++) {
        text = quoted(bodies[i].body);
        same = 0;

        for (j = 0; j < sizeof(sizes) / sizeof(sizes[0]); j++) {
            review_usage_init(&u, review_units);
            feed(&u, text, strlen(text), sizes[j]);
            review_usage_end(&u);

            if (u.prompt_tokens == bodies[i].prompt
                && u.completion_tokens == bodies[i].completion
                && u.nmodel == strlen(bodies[i].model)
                && memcmp(u.model, bodies[i].model, u.nmodel) == 0)
            {
                same++;

            } else {
                printf("# pieces of %zu: %lld, %lld, \"%.*s\"\n", sizes[j],
                       (long long) u.prompt_tokens,
                       (long long) u.completion_tokens, (int) u.nmodel,
                       u.model);
            }
        }

        ok(same == j, "%s", bodies[i].title);
        free(text);
    }
}


static void
repeat(review_usage_t *u, const char *piece, size_t n)
{
    char  *text;

    text = quoted(piece);

    while (n--) {
        review_usage_feed(u, text, strlen(text));
    }

    free(text);
}


static void
test_large(void)
{
    review_usage_t  u;

    review_usage_init(&u, review_units);
    repeat(&u, "{'data':[{'embedding':[", 1);
    repeat(&u, "0.12345,-1.5e-7,", 2000000);
    repeat(&u, "0]}]," USAGE(5, 6) "}", 1);
    review_usage_end(&u);
    ok(u.prompt_tokens == 5 && u.completion_tokens == 6, "a body of 32 MB");

    review_usage_init(&u, review_units);
    repeat(&u, "data: {'choices':[{'delta':{'content':'", 1);
    repeat(&u, "abcd ", 1000000);
    repeat(&u, "'}}]}\n\ndata: {'usage':{'prompt_tokens':5}}\n\n", 1);
    review_usage_end(&u);

    ok(u.prompt_tokens == 5
       && u.completion_tokens >= 1000000 && u.completion_tokens < 1050000,
       "an event of 5 MB: %lld tokens", (long long) u.completion_tokens);

    review_usage_init(&u, review_units);
    repeat(&u, "{'choices':[{'message':{'content':'", 1);
    repeat(&u, "abcd ", 1000000);
    repeat(&u, "'}}]," USAGE(5, 6) "}", 1);
    review_usage_end(&u);
    ok(u.completion_tokens == 6, "a text of 5 MB whose tokens are told");

    review_usage_init(&u, review_units);
    repeat(&u, "{'", 1);
    repeat(&u, "usage", 100000);
    repeat(&u, "':{'prompt_tokens':1},'model':'", 1);
    repeat(&u, "model", 100000);
    repeat(&u, "'," USAGE(5, 6) "}", 1);
    review_usage_end(&u);

    ok(u.prompt_tokens == 5 && u.nmodel == REVIEW_USAGE_NAME,
       "names of 500 KB: the model's is cut");

    review_usage_init(&u, review_units);
    repeat(&u, "{'a':", 1);
    repeat(&u, "[{'usage':", 100000);
    repeat(&u, "{'prompt_tokens':1}", 1);
    repeat(&u, "}]", 100000);
    repeat(&u, "," USAGE(5, 6) "}", 1);
    review_usage_end(&u);
    ok(u.prompt_tokens == 5 && u.completion_tokens == 6, "200,000 levels");

    review_usage_init(&u, review_units);
    repeat(&u, "{'choices':", 1);
    repeat(&u, "[", 100);
    repeat(&u, "'abcd'", 1);
    review_usage_end(&u);
    ok(u.completion_tokens == -1, "levels that are not closed");
}


static uint64_t
asked(const char *body)
{
    char            *text;
    review_usage_t   u;

    text = quoted(body);

    review_usage_init(&u, review_units);
    feed(&u, text, strlen(text), 5);
    free(text);

    return review_usage_estimate(&u);
}


static void
test_requests(void)
{
    ok(asked("{'model':'m','messages':[{'role':'system','content':'abcd'},"
             "{'role':'user','content':'\xe6\xa0\x87\xe4\xb9\xa6 abcd'}],"
             "'stream':true}") == 4,
       "a request: its messages");
    ok(asked("{'messages':[{'role':'user','content':[{'type':'text','text':"
             "'abcd'},{'type':'image_url','image_url':{'url':"
             "'data:image/png;base64,AAAA'}}]}]}") == 1,
       "parts of one: an image is no text");
    ok(asked("{'prompt':'abcd efgh'}") == 2, "a prompt");
    ok(asked("{'input':['abcd','efgh 12']}") == 4, "inputs");
    ok(asked("{'input':[[1,2,3],[4,5]]}") == 5, "ids of tokens");
}


int
main(void)
{
    test_bodies();
    test_large();
    test_requests();

    return tap_end();
}
