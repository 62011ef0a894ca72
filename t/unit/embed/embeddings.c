
/*
 * Proves what is made of answers to a request for embeddings, of errors and of
 * clients' requests: the forms that public documentation shows, read from
 * t/data/embeddings/; any order of items and members; every way in which an
 * answer can be wrong, with the place of it; vectors written in either form
 * and read back to the last bit; which errors mean too large; inputs of every
 * type, the same ones found; and hostile ones in time that grows with their
 * length alone.  Texts are in blocks of their own length, for a sanitizer to
 * see.
 */

#include <float.h>
#include <time.h>

#include "tap.h"
#include "review/embed/embeddings.h"
#include "review/json/json.h"


#define FIXTURES  "t/data/embeddings"


static review_pool_t        *pool;
static const char           *folder = FIXTURES;

static review_error_t        err;
static review_embeddings_t   e;


static double
seconds(clock_t since)
{
    return (double) (clock() - since) / CLOCKS_PER_SEC;
}


static char *
copy(const char *data, size_t len)
{
    char  *p;

    p = review_alloc(pool, len);
    memcpy(p, data, len);

    return p;
}


static review_str_t
fixture(const char *name)
{
    char          path[512], *data;
    FILE         *f;
    review_str_t  text;

    snprintf(path, sizeof(path), "%s/%s", folder, name);

    data = malloc(65536);
    text.len = 0;

    f = fopen(path, "r");

    if (f) {
        text.len = fread(data, 1, 65536, f);
        fclose(f);
    }

    text.data = copy(data, text.len);
    free(data);

    return text;
}


static int
parse(const char *text, size_t n)
{
    return review_embeddings_parse(pool, copy(text, strlen(text)),
                                   strlen(text), n, &e, &err);
}


static void
wrong(const char *text, size_t n, const char *pointer, const char *what)
{
    int  rc;

    rc = parse(text, n);

    ok(rc == -1 && strcmp(err.pointer, pointer) == 0
       && strstr(err.text, what) != NULL,
       "%.60s: \"%s\" \"%s\"", text, rc ? err.pointer : "-",
       rc ? err.text : "no error");
}


/* does item "i" hold these? */

static int
holds(size_t i, size_t dim, const float *expected)
{
    char    *dst;
    int      same;

    if (e.items[i].dim != dim) {
        return 0;
    }

    /* not aligned */

    dst = malloc(dim * sizeof(float) + 1);
    review_embedding_floats(&e.items[i], (float *) (void *) (dst + 1));
    same = memcmp(dst + 1, expected, dim * sizeof(float)) == 0;
    free(dst);

    return same;
}


/* written in the form and read again, is it the same to the last bit? */

static int
again(const review_embedding_t *item, int base64)
{
    int                   rc;
    char                 *text;
    float                *one, *two;
    review_buf_t          b;
    review_error_t        error;
    review_embeddings_t   other;

    review_buf_init(&b, pool, 0);
    review_buf_puts(&b, "{\"data\":[{\"embedding\":");
    review_embedding_write(item, &b, base64);
    review_buf_puts(&b, "}]}");

    text = copy(b.data, b.len);

    if (review_embeddings_parse(pool, text, b.len, 1, &other, &error) != 0) {
        printf("# %s: %s\n", error.pointer, error.text);
        return 0;
    }

    one = malloc(item->dim * sizeof(float));
    two = malloc(item->dim * sizeof(float));

    review_embedding_floats(item, one);
    review_embedding_floats(&other.items[0], two);

    rc = other.items[0].base64 == (unsigned) base64
         && other.items[0].dim == item->dim
         && memcmp(one, two, item->dim * sizeof(float)) == 0;

    free(one);
    free(two);

    return rc;
}


static void
test_documented(void)
{
    int           rc;
    size_t        i, j;
    review_str_t  text;

    static const float  openai[] = {
        0.0023064255f, -0.009327292f, -0.0028842222f
    };
    static const float  vllm[2][4] = {
        { 0.01230621337890625f, -0.02337646484375f, 0.034515380859375f,
          -1.2516975402832031e-06f },
        { 0.045623779296875f, -0.056671142578125f, 0.0010004043579101562f,
          0.0f }
    };
    static const float  batch[3][2] = {
        { 0.0123f, -0.0234f }, { 0.0456f, -0.0567f }, { 0.0789f, -0.0890f }
    };
    static const float  tei[2][3] = {
        { 0.018480718f, -0.009243376f, -0.05614452f },
        { 0.025016887f, -0.006124191f, -0.04832769f }
    };

    static const struct {
        const char   *file;
        size_t        n;
        size_t        dim;
        const float  *values;
        const char   *model;
        int           tokens;
        unsigned      base64;
    } cases[] = {
        { "openai-answer.json", 1, 3, openai, "text-embedding-ada-002", 8, 0 },
        { "openai-base64-answer.json", 1, 3, openai, "text-embedding-ada-002",
          8, 1 },
        { "vllm-batch-answer.json", 3, 2, batch[0],
          "sentence-transformers/all-MiniLM-L6-v2", 18, 0 },
        { "vllm-answer.json", 2, 4, vllm[0], "my_model", 8, 0 },
        { "vllm-base64-answer.json", 2, 4, vllm[0], "my_model", 8, 1 },
        { "tei-answer.json", 2, 3, tei[0], "thenlper/gte-base", 14, 0 },
        { "tei-native-answer.json", 2, 3, tei[0], "", -1, 0 },
    };

    for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        text = fixture(cases[i].file);
        rc = review_embeddings_parse(pool, text.data, text.len, cases[i].n, &e,
                                     &err);
        ok(rc == 0, "%s: %s", cases[i].file, rc ? err.text : "read");

        for (j = 0; rc == 0 && j < cases[i].n; j++) {
            ok(e.items[j].base64 == cases[i].base64
               && holds(j, cases[i].dim, cases[i].values + j * cases[i].dim)
               && again(&e.items[j], 0) && again(&e.items[j], 1),
               "its vector %zu", j);
        }

        is_str(e.model, cases[i].model, "its model");
        ok(e.prompt_tokens == cases[i].tokens, "its tokens");

        ok(review_embeddings_parse(pool, text.data, text.len, cases[i].n + 1,
                                   &e, &err) == -1
           && review_embeddings_parse(pool, text.data, text.len,
                                      cases[i].n - 1, &e, &err) == -1,
           "to no more and no fewer inputs");
    }
}


static void
test_errors(void)
{
    char          text[64];
    size_t        i;
    review_str_t  body;

    static const struct {
        const char               *file;
        int                       status;
        review_embeddings_why_e   why;
        const char               *text;
    } cases[] = {
        { "openai-too-long.json", 400, REVIEW_EMBEDDINGS_TOO_LARGE,
          "This model's maximum" },
        { "openai-too-many.json", 400, REVIEW_EMBEDDINGS_TOO_LARGE,
          "'$.input' is invalid." },
        { "openai-key.json", 401, REVIEW_EMBEDDINGS_REFUSED,
          "Incorrect API key provided" },
        { "vllm-too-long.json", 400, REVIEW_EMBEDDINGS_TOO_LARGE,
          "This model's maximum context length is 512 tokens." },
        { "vllm-too-long-nested.json", 400, REVIEW_EMBEDDINGS_TOO_LARGE,
          "This model's maximum context length is 8192 tokens." },
        { "vllm-encoding.json", 400, REVIEW_EMBEDDINGS_ENCODING,
          "[{'type': 'literal_error'" },
        { "tei-batch-size.json", 413, REVIEW_EMBEDDINGS_TOO_LARGE,
          "batch size 100 > maximum allowed batch size 32" },
        { "tei-batch-size.json", 422, REVIEW_EMBEDDINGS_TOO_LARGE,
          "batch size 100" },
        { "tei-native-batch-size.json", 422, REVIEW_EMBEDDINGS_TOO_LARGE,
          "batch size 100 > maximum allowed batch size 32" },
        { "tei-tokens.json", 422, REVIEW_EMBEDDINGS_TOO_LARGE,
          "`inputs` must have less than 512 tokens." },
        { "tei-overloaded.json", 429, REVIEW_EMBEDDINGS_REFUSED,
          "Model is overloaded" },
        { "fastapi-detail.json", 422, REVIEW_EMBEDDINGS_TOO_LARGE,
          "body.input.list[str]: List should have at most 64" },
        { "llamacpp-too-large.json", 500, REVIEW_EMBEDDINGS_TOO_LARGE,
          "input is too large to process." },
        { "ollama-too-long.json", 400, REVIEW_EMBEDDINGS_TOO_LARGE,
          "input length exceeds maximum context length" },
        { "dashscope-batch.json", 400, REVIEW_EMBEDDINGS_TOO_LARGE,
          "<400> InternalError.Algo.InvalidParameter" },
        { "siliconflow-batch.json", 400, REVIEW_EMBEDDINGS_TOO_LARGE,
          "input batch size 136 > maximum allowed batch" },
    };

    for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        body = fixture(cases[i].file);
        ok(body.len && review_embeddings_why(cases[i].status, body.data,
                                             body.len, text, sizeof(text))
           == cases[i].why
           && strncmp(text, cases[i].text, strlen(cases[i].text)) == 0,
           "%s, %d: %s", cases[i].file, cases[i].status, text);
    }
}


static void
why(int status, const char *body, review_embeddings_why_e expected,
    const char *message)
{
    char                     text[48];
    review_embeddings_why_e  got;

    got = review_embeddings_why(status, copy(body, strlen(body)), strlen(body),
                                text, sizeof(text));

    ok(got == expected && strcmp(text, message) == 0, "%d %.60s: %d \"%s\"",
       status, body, got, text);
}


static void
test_why(void)
{
    char    text[64], *big;
    size_t  n;

    why(400, "", REVIEW_EMBEDDINGS_REFUSED, "");
    why(400, "  ", REVIEW_EMBEDDINGS_REFUSED, "");
    why(400, "{}", REVIEW_EMBEDDINGS_REFUSED, "");
    why(400, "null", REVIEW_EMBEDDINGS_REFUSED, "");
    why(400, "[]", REVIEW_EMBEDDINGS_REFUSED, "");
    why(400, "{\"error\":null,\"detail\":\"no\"}", REVIEW_EMBEDDINGS_REFUSED,
        "no");
    why(400, "{\"error\":{\"message\":null}}", REVIEW_EMBEDDINGS_REFUSED, "");
    why(400, "{\"error\":{\"message\":\"no such model\"}}",
        REVIEW_EMBEDDINGS_REFUSED, "no such model");
    why(404, "{\"detail\":\"Not Found\"}", REVIEW_EMBEDDINGS_REFUSED,
        "Not Found");
    why(400, "{\"detail\":\"Input is too long\"}", REVIEW_EMBEDDINGS_TOO_LARGE,
        "Input is too long");
    why(413, "", REVIEW_EMBEDDINGS_TOO_LARGE, "");
    why(413, "<html><body>413 Request Entity Too Large</body></html>",
        REVIEW_EMBEDDINGS_TOO_LARGE, "");
    why(400, "Too Many inputs", REVIEW_EMBEDDINGS_TOO_LARGE,
        "Too Many inputs");
    why(400, "<html>bad size</html>", REVIEW_EMBEDDINGS_REFUSED, "");
    why(401, "too long", REVIEW_EMBEDDINGS_REFUSED, "too long");
    why(500, "too long", REVIEW_EMBEDDINGS_REFUSED, "too long");
    why(400, "{\"error\":{\"message\":\"输入文本过长\"}}",
        REVIEW_EMBEDDINGS_TOO_LARGE, "输入文本过长");
    why(422, "{\"message\":\"input数组最大不得超过64条\"}",
        REVIEW_EMBEDDINGS_TOO_LARGE, "input数组最大不得超过64条");
    why(400, "{\"error_msg\":\"文本太长\",\"error_code\":336003}",
        REVIEW_EMBEDDINGS_TOO_LARGE, "文本太长");
    why(400, "超出上限", REVIEW_EMBEDDINGS_TOO_LARGE, "超出上限");
    why(400, "{\"error\":{\"message\":\"Unknown parameter\","
        "\"param\":\"encoding_format\"}}", REVIEW_EMBEDDINGS_ENCODING,
        "Unknown parameter");
    why(422, "{\"detail\":[{\"loc\":[\"body\",\"encoding_format\"],"
        "\"msg\":\"bad\",\"type\":\"t\"}]}", REVIEW_EMBEDDINGS_ENCODING,
        "body.encoding_format: bad");
    why(400, "BASE64 is not supported", REVIEW_EMBEDDINGS_ENCODING,
        "BASE64 is not supported");
    why(400, "{\"error\":{\"message\":\"no\","
        "\"code\":\"context_length_exceeded\"}}", REVIEW_EMBEDDINGS_TOO_LARGE,
        "no");
    why(400, "{\"status\":400,\"error\":\"Bad Request\","
        "\"message\":\"batch too big\"}", REVIEW_EMBEDDINGS_TOO_LARGE,
        "batch too big");
    why(400, "{\"message\":\"outer\",\"error\":{\"message\":\"inner\"}}",
        REVIEW_EMBEDDINGS_REFUSED, "inner");
    why(400, "\"only a text\"", REVIEW_EMBEDDINGS_REFUSED, "only a text");
    why(400, "[{\"error\":{\"message\":\"first\",\"code\":400}}]",
        REVIEW_EMBEDDINGS_REFUSED, "first");
    why(400, "{\"errors\":[{\"message\":\"listed\"}]}",
        REVIEW_EMBEDDINGS_REFUSED, "listed");
    why(400, "{\"errors\":[\"one\",\"two\"]}", REVIEW_EMBEDDINGS_REFUSED,
        "one");
    why(400, "{\"error\":{\"error\":{\"error\":{\"error\":{\"error\":{}}}}}}",
        REVIEW_EMBEDDINGS_REFUSED, "");
    why(400, "{\"error\":\"a\\u0000b\"}", REVIEW_EMBEDDINGS_REFUSED, "a");
    why(400, "{\"error\":\"1\\n2\xff\"}", REVIEW_EMBEDDINGS_REFUSED,
        "{\"error\":\"1\\n2?\"}");
    why(400, "{\"error\":{\"message\":\"字字字字字字字字字字字字字字字字字\"}}",
        REVIEW_EMBEDDINGS_REFUSED, "字字字字字字字字字字字字字字...");

    n = 4 * 1024 * 1024;
    big = review_alloc(pool, n);
    memset(big, '[', n);
    ok(review_embeddings_why(400, big, n, text, sizeof(text))
       == REVIEW_EMBEDDINGS_REFUSED && strlen(text) < sizeof(text),
       "a body without an end");
    memset(big, 'x', n);
    ok(review_embeddings_why(400, big, n, text, sizeof(text))
       == REVIEW_EMBEDDINGS_REFUSED, "another one");
}


static void
test_forms(void)
{
    static const float  a[] = { 1, -2.5f }, b[] = { 0.5f, -0.0f };

    ok(parse("\xEF\xBB\xBF { \"usage\" : { \"x\":[{}], \"prompt_tokens\" : 7 } "
             ", \"data\" : [ { \"index\" : 1 , \"embedding\" : [ 0.5 ,\n-0.0 ] "
             "} , { \"embedding\" : [ 1, -25e-1 ], \"index\" : 0, \"x\": \"]\" "
             "} ] , \"model\" : \"a\\/b\" } \n", 2) == 0
       && holds(0, 2, a) && holds(1, 2, b) && e.prompt_tokens == 7,
       "any order, any space");
    is_str(e.model, "a/b", "escapes in the model's name");

    ok(parse("{\"data\":[{\"embedding\":[1,-2.5]},{\"embedding\":[0.5,-0]}]}",
             2) == 0
       && holds(0, 2, a) && holds(1, 2, b) && e.prompt_tokens == -1
       && e.model.data == NULL, "no index, nothing else");

    ok(parse("{\"data\":[{\"index\":null,\"embedding\":[1,-2.5]},"
             "{\"embedding\":[0.5,-0]}],\"model\":null,\"usage\":null}", 2)
       == 0 && holds(1, 2, b) && e.model.data == NULL, "null is none");

    ok(parse("{\"data\":[{\"\\u0065mbedding\":[1,-2.5],\"ind\\u0065x\":0}]}",
             1) == 0 && holds(0, 2, a), "escapes in names");

    ok(parse("{\"data\":[{\"embedding\":\"AACAPwAAIMA=\"}]}", 1) == 0
       && holds(0, 2, a) && e.items[0].base64, "base64");

    ok(parse("{\"data\":[{\"embedding\":\"AACAPwAAIMA\\u003d\"}]}", 1) == 0
       && holds(0, 2, a), "base64 with escapes");

    ok(parse("{\"data\":[{\"embedding\":\"\\/\\/\\/\\/Pv\\/\\/\\/z7\\/\\/\\/8+"
             "\"}]}", 1) == 0 && e.items[0].dim == 3 && again(e.items, 0)
       && again(e.items, 1), "base64 of escaped slashes");

    ok(parse("{\"data\":[{\"embedding\":\"AACAPwAAIMA=\"},"
             "{\"embedding\":[0.5,-0.0]}]}", 2) == 0
       && holds(0, 2, a) && holds(1, 2, b), "both forms in one answer");

    ok(parse(" [ [1,-2.5] , [0.5,-0.0] ] ", 2) == 0 && holds(0, 2, a)
       && holds(1, 2, b), "vectors alone");

    ok(parse("{\"data\":[{\"embedding\":[1]}],\"usage\":{\"total_tokens\":3}}",
             1) == 0 && e.prompt_tokens == 3, "only all tokens are told");

    ok(parse("{\"data\":[{\"embedding\":[1]}],\"model\":7,"
             "\"usage\":{\"prompt_tokens\":\"many\"}}", 1) == 0
       && e.prompt_tokens == -1, "oddities that cost nothing");

    ok(parse("{\"data\":[],\"object\":\"list\"}", 0) == 0,
       "nothing to nothing");
}


static void
test_wrong(void)
{
    wrong("", 1, "", "cut off after 0 bytes");
    wrong("  ", 1, "", "cut off");
    wrong("<html>502</html>", 1, "", "must be an object, got <html>");
    wrong("\"text\"", 1, "", "must be an object, got a string");
    wrong("{}", 1, "", "no \"data\" in it");
    wrong("{\"error\":{\"message\":\"overloaded\"}}", 1, "",
          "an error instead of \"data\": overloaded");
    wrong("{\"data\":null,\"code\":5,\"message\":\"too busy\"}", 1, "",
          "too busy");
    wrong("{\"data\":{}}", 1, "/data", "must be an array, got an object");
    wrong("{\"data\":[]}", 1, "/data", "0 vectors for 1 inputs");
    wrong("{\"data\":[{\"embedding\":[1]}],\"data\":[]}", 1, "/data", "twice");
    wrong("{\"data\":[[1]]}", 1, "/data/0", "must be an object, got an array");
    wrong("{\"data\":[null]}", 1, "/data/0", "must be an object, got null");
    wrong("{\"data\":[{\"index\":0}]}", 1, "/data/0", "no \"embedding\"");
    wrong("{\"data\":[{\"embedding\":null}]}", 1, "/data/0/embedding",
          "must be an array of numbers or a string of base64, got null");
    wrong("{\"data\":[{\"embedding\":{\"a\":1}}]}", 1, "/data/0/embedding",
          "got an object");
    wrong("{\"data\":[{\"embedding\":[]}]}", 1, "/data/0/embedding", "empty");
    wrong("{\"data\":[{\"embedding\":\"\"}]}", 1, "/data/0/embedding", "empty");
    wrong("{\"data\":[{\"embedding\":[1],\"embedding\":[1]}]}", 1,
          "/data/0/embedding", "twice");
    wrong("{\"data\":[{\"index\":0,\"index\":0,\"embedding\":[1]}]}", 1,
          "/data/0/index", "twice");

    wrong("{\"data\":[{\"embedding\":[1]},{\"embedding\":[1,NaN]}]}", 2,
          "/data/1/embedding/1", "must be a finite number, got NaN");
    wrong("{\"data\":[{\"embedding\":[Infinity]}]}", 1, "/data/0/embedding/0",
          "got Infinity");
    wrong("{\"data\":[{\"embedding\":[1, -Infinity ]}]}", 1,
          "/data/0/embedding/1", "got -Infinity");
    wrong("{\"data\":[{\"embedding\":[1,2,null]}]}", 1, "/data/0/embedding/2",
          "got null");
    wrong("{\"data\":[{\"embedding\":[\"1\"]}]}", 1, "/data/0/embedding/0",
          "got a string");
    wrong("{\"data\":[{\"embedding\":[[1]]}]}", 1, "/data/0/embedding/0",
          "got an array");
    wrong("{\"data\":[{\"embedding\":[1e39]}]}", 1, "/data/0/embedding/0",
          "got 1e39");
    wrong("{\"data\":[{\"embedding\":[1,-340282356779733661637539395458142568"
          "448]}]}", 1, "/data/0/embedding/1", "got -3402823567797336616");
    wrong("{\"data\":[{\"embedding\":[01]}]}", 1, "/data/0/embedding/0",
          "got 01");
    wrong("{\"data\":[{\"embedding\":[1.]}]}", 1, "/data/0/embedding/0",
          "got 1.");
    wrong("{\"data\":[{\"embedding\":[1,]}]}", 1, "", "no valid JSON");
    wrong("{\"data\":[{\"embedding\":[,1]}]}", 1, "", "no valid JSON");
    wrong("{\"data\":[{\"embedding\":[1 2]}]}", 1, "", "no valid JSON");
    wrong("{\"data\":[{\"embedding\":[1}]}", 1, "", "no valid JSON");
    wrong("{\"data\":[{\"embedding\":[1,-", 1, "", "cut off");
    wrong("{\"data\":[{\"embedding\":[1,2.", 1, "", "cut off");
    wrong("{\"data\":[{\"embedding\":[1,2", 1, "", "cut off after 26");
    wrong("{\"data\":[{\"embedding\":[1,", 1, "", "cut off");
    wrong("{\"data\":[{\"embedding\":[1]", 1, "", "cut off");
    wrong("{\"data\":[{\"embedding\":[1]}", 1, "", "cut off");
    wrong("{\"data\":[{\"embedding\":[1]}]", 1, "", "cut off");
    wrong("{\"data\":[{\"embedding\":\"AAC", 1, "", "cut off");
    wrong("{\"data\":[{\"embedding\":[1]}]} x", 1, "", "no valid JSON");
    wrong("{\"data\":[{\"embedding\":[1]} {\"embedding\":[1]}]}", 2, "",
          "no valid JSON");

    wrong("{\"data\":[{\"embedding\":\"AACAPw\"}]}", 1, "/data/0/embedding",
          "not valid base64");
    wrong("{\"data\":[{\"embedding\":\"AACAPw=\"}]}", 1, "/data/0/embedding",
          "not valid base64");
    wrong("{\"data\":[{\"embedding\":\"AAC-_w==\"}]}", 1, "/data/0/embedding",
          "not valid base64");
    wrong("{\"data\":[{\"embedding\":\"AACAPw==\\n\"}]}", 1,
          "/data/0/embedding", "not valid base64");
    wrong("{\"data\":[{\"embedding\":\"AAAA\"}]}", 1, "/data/0/embedding",
          "whole number of floats");
    wrong("{\"data\":[{\"embedding\":\"AACAPwAAwH8=\"}]}", 1,
          "/data/0/embedding", "number 1 in the base64 is not finite");
    wrong("{\"data\":[{\"embedding\":\"AACA/w==\"}]}", 1, "/data/0/embedding",
          "number 0 in the base64 is not finite");

    wrong("{\"data\":[{\"embedding\":[1,2]},{\"embedding\":[1]}]}", 2,
          "/data/1/embedding", "has 1 numbers, those before have 2");
    wrong("{\"data\":[{\"embedding\":[1]}]}", 2, "/data",
          "1 vectors for 2 inputs: number 1 is the first that is missing");
    wrong("{\"data\":[{\"embedding\":[1],\"index\":1}]}", 2, "/data",
          "number 0 is the first");
    wrong("{\"data\":[{\"embedding\":[1]},{\"embedding\":[1]}]}", 1, "/data",
          "more vectors than the 1");
    wrong("{\"data\":[{\"index\":1,\"embedding\":[1]},"
          "{\"index\":1,\"embedding\":[1]}]}", 2, "/data/1/index",
          "1 stands before");
    wrong("{\"data\":[{\"index\":0,\"embedding\":[1]},{\"embedding\":[1]}]}", 2,
          "/data/1/index", "is missing");
    wrong("{\"data\":[{\"embedding\":[1]},{\"index\":1,\"embedding\":[1]}]}", 2,
          "/data/1/index", "not in items before");
    wrong("{\"data\":[{\"index\":2,\"embedding\":[1]}]}", 2, "/data/0/index",
          "from 0 to 1, got 2");
    wrong("{\"data\":[{\"index\":-1,\"embedding\":[1]}]}", 2, "/data/0/index",
          "got -1");
    wrong("{\"data\":[{\"index\":0.0,\"embedding\":[1]}]}", 2, "/data/0/index",
          "got 0.0");
    wrong("{\"data\":[{\"index\":\"0\",\"embedding\":[1]}]}", 2,
          "/data/0/index", "got a string");
    wrong("{\"data\":[{\"index\":99999999999999999999,\"embedding\":[1]}]}", 2,
          "/data/0/index", "got 9999999999999999");

    wrong("[[1],[NaN]]", 2, "/1/0", "got NaN");
    wrong("[[1],[1,2]]", 2, "/1", "has 2 numbers");
    wrong("[[1],\"AACAPw==\"]", 2, "/1", "must be an array of numbers, got");
    wrong("[[[1]]]", 1, "/0/0", "got an array");
    wrong("[{\"embedding\":[1]}]", 1, "/0", "must be an array");
    wrong("[[1]]", 2, "", "1 vectors for 2 inputs");
    wrong("[]", 1, "", "0 vectors");
}


/* vectors of every length around a block, of all kinds of floats */

static void
test_round_trip(void)
{
    int           good, cases;
    float        *values;
    size_t        i, dim;
    uint32_t      bits, seed;
    review_buf_t  b;

    good = 0;
    cases = 0;
    seed = 1;
    values = malloc(1000 * sizeof(float));

    for (dim = 1; dim < 1000; dim += 1 + dim / 30) {

        for (i = 0; i < dim; i++) {
            seed = seed * 1664525 + 1013904223;
            bits = (i % 3) ? (seed & 0x807fffff) | 0x3c000000
                           : seed & 0xff7fffff;
            memcpy(&values[i], &bits, sizeof(bits));
        }

        /* the first time by hand */

        review_buf_init(&b, pool, 0);
        review_buf_puts(&b, "[[");

        for (i = 0; i < dim; i++) {
            char  text[40];

            sprintf(text, "%s%.9g", i ? ", " : "", (double) values[i]);
            review_buf_puts(&b, text);
        }

        review_buf_puts(&b, "]]");

        cases++;
        good += review_embeddings_parse(pool, b.data, b.len, 1, &e, &err) == 0
                && holds(0, dim, values) && again(&e.items[0], 0)
                && again(&e.items[0], 1);

        review_buf_init(&b, pool, 0);
        review_buf_puts(&b, "{\"data\":[{\"embedding\":");
        review_embedding_write(&e.items[0], &b, 1);
        review_buf_puts(&b, "}]}");

        good += review_embeddings_parse(pool, copy(b.data, b.len), b.len, 1,
                                        &e, &err) == 0
                && holds(0, dim, values) && again(&e.items[0], 0)
                && again(&e.items[0], 1);
    }

    ok(good == cases * 2, "%d vectors come back in either form", cases);

    free(values);
}


static const review_embed_given_t  given = { 1000000 };


static int
request(const char *text, review_embed_request_t *r)
{
    json_t  *body;

    body = review_json_parse(text, strlen(text), &err);

    if (body == NULL) {
        return -2;
    }

    (void) review_pool_own_json(pool, body);

    return review_embed_request(pool, body, &given, r, &err);
}


static void
refused(const char *text, const char *pointer, const char *what)
{
    int                     rc;
    review_embed_request_t  r;

    rc = request(text, &r);

    ok(rc == 400 && strcmp(err.pointer, pointer) == 0
       && strstr(err.text, what), "%.60s: %d \"%s\" \"%s\"", text, rc,
       rc ? err.pointer : "", rc ? err.text : "");
}


static void
test_request(void)
{
    size_t                  i;
    json_t                 *body;
    review_str_t            text;
    review_embed_request_t  r;

    static const char *const  files[] = {
        "openai-request.json", "vllm-request.json", "tei-request.json",
        "vllm-batch-request.json"
    };
    static const size_t  counts[] = { 1, 2, 2, 3 };

    for (i = 0; i < 4; i++) {
        text = fixture(files[i]);
        body = review_json_parse(text.data, text.len, &err);

        ok(body && review_pool_own_json(pool, body) == 0
           && review_embed_request(pool, body, &given, &r, &err) == 0
           && r.n == counts[i] && r.model.len && !r.base64, "%s", files[i]);
    }

    ok(request("{\"input\":\"a\\n\\\"甲\\\"\"}", &r) == 0 && r.n == 1
       && r.same[0] == 0 && r.model.data == NULL && !r.base64
       && r.rest.len == 0, "one text");
    is_str(r.inputs[0], "\"a\\n\\\"甲\\\"\"", "as JSON");

    ok(request("{\"input\":[1,2,30000]}", &r) == 0 && r.n == 1, "tokens");
    is_str(r.inputs[0], "[1,2,30000]", "as JSON");

    ok(request("{\"input\":[[1,2],[3],[1,2]],\"encoding_format\":\"base64\"}",
               &r) == 0 && r.n == 3 && r.base64 && r.same[0] == 0
       && r.same[1] == 1 && r.same[2] == 0, "many times tokens");
    is_str(r.inputs[2], "[1,2]", "as JSON");

    ok(request("{\"input\":[\"a\",\"b\",\"a\",\"A\",\"b\",\"a\"],"
               "\"model\":\"m\",\"dimensions\":256,\"user\":null,"
               "\"truncate\":true,\"x \\\"y\\\"\":{\"z\":[0.1,\"w\"]},"
               "\"encoding_format\":null}", &r) == 0
       && r.n == 6 && r.same[0] == 0 && r.same[1] == 1 && r.same[2] == 0
       && r.same[3] == 3 && r.same[4] == 1 && r.same[5] == 0, "texts");
    is_str(r.model, "m", "the model");
    is_str(r.rest, "\"dimensions\":256,\"truncate\":true,"
           "\"x \\\"y\\\"\":{\"z\":[0.1,\"w\"]}", "the rest");

    ok(request("{\"input\":\"a\",\"model\":null,\"encoding_format\":\"float\"}",
               &r) == 0 && r.model.data == NULL, "null is none");

    refused("[]", "", "must be an object, got an array");
    refused("{}", "/input", "is missing");
    refused("{\"input\":null}", "/input", "is missing");
    refused("{\"input\":7}", "/input", "got an integer");
    refused("{\"input\":{}}", "/input", "got an object");
    refused("{\"input\":\"\"}", "/input", "is empty");
    refused("{\"input\":[]}", "/input", "is empty");
    refused("{\"input\":[\"a\",\"b\",\"\"]}", "/input/2", "is empty");
    refused("{\"input\":[\"a\",null]}", "/input/1", "must be a string");
    refused("{\"input\":[\"a\",7]}", "/input/1", "got an integer");
    refused("{\"input\":[\"a\",[7]]}", "/input/1", "got an array");
    refused("{\"input\":[null]}", "/input/0", "got null");
    refused("{\"input\":[{}]}", "/input/0", "got an object");
    refused("{\"input\":[[]]}", "/input/0", "is empty");
    refused("{\"input\":[[1],\"a\"]}", "/input/1", "must be an array");
    refused("{\"input\":[[1],[1,\"a\"]]}", "/input/1/1", "got a string");
    refused("{\"input\":[[1],[1,-1]]}", "/input/1/1", "negative");
    refused("{\"input\":[1,-1]}", "/input/1", "negative");
    refused("{\"input\":[1.0]}", "/input/0", "got a real number");
    refused("{\"input\":[1,\"a\"]}", "/input/1", "got a string");
    refused("{\"input\":[1,[1]]}", "/input/1", "got an array");
    refused("{\"input\":\"a\",\"encoding_format\":\"int8\"}",
            "/encoding_format", "float, base64");
    refused("{\"input\":\"a\",\"encoding_format\":1}", "/encoding_format",
            "must be a string");
    refused("{\"input\":\"a\",\"model\":1}", "/model", "must be a string");
    refused("{\"input\":\"a\",\"model\":\"\"}", "/model", "empty");
}


/* inputs that are no client's: as if one had sent them */

static void
test_texts(void)
{
    review_str_t            texts[3];
    review_embed_request_t  r;

    texts[0].data = "a\n\"甲\"";
    texts[1].data = "";
    texts[2] = texts[0];

    texts[0].len = texts[2].len = strlen(texts[0].data);
    texts[1].len = 0;

    ok(review_embed_request_texts(pool, texts, 3, &r) == 0 && r.n == 3
       && !r.base64 && r.same[0] == 0 && r.same[1] == 1 && r.same[2] == 0,
       "texts as inputs");
    is_str(r.inputs[0], "\"a\\n\\\"甲\\\"\"", "as JSON");
    is_str(r.inputs[1], "\"\"", "an empty one, too");
    is_str(r.inputs[2], "\"a\\n\\\"甲\\\"\"", "and the last");
}


/* what is not refused for its form, but for its size */

static void
test_sizes(void)
{
    int                     rc;
    char                   *text;
    json_t                 *body;
    review_embed_request_t  r;

    static const review_embed_given_t  two = { 2 };

    body = review_json_parse("{\"input\":[\"a\",\"b\",\"c\"]}", 23, &err);
    rc = body ? review_embed_request(pool, body, &two, &r, &err) : -2;
    json_decref(body);

    ok(rc == 422 && strcmp(err.pointer, "/input") == 0
       && strstr(err.text, "there are 3"), "%d: %s", rc, err.text);

    text = malloc(70001);
    memset(text, 'x', 70000);
    text[70000] = '\0';
    body = json_pack("{s:s, s:s}", "input", "a", "user", text);
    rc = review_embed_request(pool, body, &given, &r, &err);
    json_decref(body);
    free(text);

    ok(rc == 413 && strstr(err.text, "what only the service knows"), "%d: %s",
       rc, err.text);
}


/* many inputs, of equal beginnings, each three times */

static void
test_many(void)
{
    int                      rc;
    char                     text[128];
    json_t                  *body, *inputs;
    size_t                   i, n, good;
    clock_t                  since;
    review_embed_request_t   r;

    n = 60000;
    body = json_object();
    inputs = json_array();

    for (i = 0; i < n; i++) {
        sprintf(text, "%064d%zu", 0, i % (n / 3));
        json_array_append_new(inputs, json_string(text));
    }

    json_object_set_new(body, "input", inputs);

    since = clock();
    rc = review_embed_request(pool, body, &given, &r, &err);
    good = 0;

    for (i = 0; rc == 0 && i < n; i++) {
        good += (r.same[i] == i % (n / 3));
    }

    ok(rc == 0 && good == n && seconds(since) < 3, "%zu of %zu inputs: %.3f s",
       good, n, seconds(since));

    json_decref(body);
}


static void
test_large(void)
{
    char         *text, *p;
    float        *dst;
    size_t        i, n, dim;
    clock_t       since;
    review_buf_t  b;

    n = 100;
    dim = 1024;
    text = malloc(n * (dim * 26 + 100));
    dst = malloc(dim * sizeof(float));
    p = text + sprintf(text, "{\"data\":[");

    for (i = 0; i < n * dim; i++) {
        p += sprintf(p, "%s%.17g", i % dim ? "," : "{\"embedding\":[",
                     ((double) (i * 7919 % 100003) - 50000) / 1000003);

        if (i % dim == dim - 1) {
            p += sprintf(p, "]}%s", i + 1 < n * dim ? "," : "]}");
        }
    }

    since = clock();
    ok(review_embeddings_parse(pool, text, (size_t) (p - text), n, &e, &err)
       == 0, "%zu bytes are read: %.3f s", (size_t) (p - text),
       seconds(since));

    since = clock();

    for (i = 0; i < n; i++) {
        review_embedding_floats(&e.items[i], dst);
    }

    ok(seconds(since) < 3, "and converted: %.3f s", seconds(since));

    since = clock();

    for (i = 0; i < n; i++) {
        review_buf_init(&b, pool, 0);
        review_embedding_write(&e.items[i], &b, 1);
    }

    ok(seconds(since) < 3, "and written as base64: %.3f s", seconds(since));

    free(text);
    free(dst);

    /* numbers that take the slow way each */

    text = malloc(4 * 1024 * 1024);
    p = text + sprintf(text, "[[1");

    while (p < text + 4 * 1024 * 1024 - 64) {
        p += sprintf(p, ",1.000000059604644775390625");
    }

    p += sprintf(p, "]]");

    since = clock();
    ok(review_embeddings_parse(pool, text, (size_t) (p - text), 1, &e, &err)
       == 0 && again(e.items, 1) && seconds(since) < 5, "halfway numbers: "
       "%.3f s", seconds(since));

    p = text;
    memset(text, '[', 1024 * 1024);
    ok(review_embeddings_parse(pool, text, 1024 * 1024, 1, &e, &err) == -1,
       "brackets");

    free(text);
}


static void *
no_memory(review_pool_t *p, size_t size)
{
    int  *left;

    left = p->ctx;

    return (*left)-- > 0 ? tap_alloc(pool, size) : NULL;
}


static void
test_memory(void)
{
    int                     i, left, good;
    json_t                 *body;
    const char             *text;
    review_pool_t           poor;
    review_embed_request_t  r;

    poor.alloc = no_memory;
    poor.cleanup = NULL;
    poor.ctx = &left;

    text = "{\"data\":[{\"embedding\":\"AACAPw=\\u003d\"}],\"model\":\"\\/\"}";
    good = 0;

    for (i = 0; i < 5; i++) {
        left = i;
        good += review_embeddings_parse(&poor, text, strlen(text), 1, &e, &err)
                == (i < 3 ? -1 : 0);
    }

    ok(good == 5, "an answer without memory");

    text = "{\"input\":[\"a\"],\"user\":\"u\"}";
    body = review_json_parse(text, strlen(text), &err);
    good = 0;

    for (i = 0; i < 6; i++) {
        left = i;
        good += review_embed_request(&poor, body, &given, &r, &err)
                == (i < 5 ? -1 : 0);
    }

    ok(good == 6, "a request without memory");

    json_decref(body);
}


int
main(int argc, char **argv)
{
    if (argc > 1) {
        folder = argv[1];
    }

    pool = tap_pool();

    test_documented();
    test_errors();
    test_why();
    test_forms();
    test_wrong();
    test_round_trip();
    test_request();
    test_texts();
    test_sizes();
    test_many();
    test_large();
    test_memory();

    tap_pool_free(pool);

    return tap_end();
}
