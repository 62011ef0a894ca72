
/*
 * Proves that a request to rank is read as it was meant: one query or many,
 * texts or chunks, ids or none, defaults; and that whatever is wrong with one
 * is told with its status and with a pointer to it.
 */

#include "tap.h"
#include "review/json/json.h"
#include "review/rank/rank_request.h"


static review_pool_t          *pool;
static review_rank_request_t   request;
static review_rank_given_t     given = { 100000000 };
static review_error_t          err;


/* the pool is made anew: what is left of the one before would be seen */

static int
read_request(const char *text)
{
    json_t  *body;

    if (pool) {
        tap_pool_free(pool);
    }

    pool = tap_pool();

    memset(&request, 0, sizeof(request));
    memset(&err, 0, sizeof(err));

    body = review_json_parse(text, strlen(text), &err);

    if (body == NULL || review_pool_own_json(pool, body) != 0) {
        printf("# not JSON: %s\n", text);
        return -2;
    }

    return review_rank_request(pool, body, &given, &request, &err);
}


static void
bad(int status, const char *pointer, const char *words, const char *text)
{
    int  rc;

    rc = read_request(text);

    ok(rc == status && strcmp(err.pointer, pointer) == 0
       && strstr(err.text, words),
       "%d at \"%s\": %s", status, pointer, text);

    if (rc != status || strcmp(err.pointer, pointer) != 0
        || strstr(err.text, words) == NULL)
    {
        printf("# got %d at \"%s\": %s\n", rc, err.pointer, err.text);
    }
}


static void
test_one(void)
{
    ok(read_request("{\"query\": \"工期\", \"texts\": [\"a\", \"投标\"]}") == 0,
       "a query and texts");

    ok(request.nqueries == 1 && request.ntexts == 2, "one and two");
    is_str(request.texts[0], "工期", "the query");
    is_str(request.texts[1], "a", "a text");
    is_str(request.texts[2], "投标", "the next");
    ok(request.ids[0].data == NULL && request.ids[1].data == NULL, "no ids");
    ok(request.size == 6 + 1 + 6, "all bytes are counted");
    ok(request.top_k == 10, "the ten best");
    ok(request.by == REVIEW_RANK_EMBEDDING, "by embeddings");
}


static void
test_many(void)
{
    ok(read_request("{\"queries\": [\"x\", \"yy\", \"x\"], \"top_k\": 3,"
                    " \"chunks\": [{\"id\": \"c1\", \"text\": \"one\"},"
                    " \"two\", {\"text\": \"three\", \"start\": 7},"
                    " {\"id\": \"\", \"text\": \"four\"}],"
                    " \"by\": \"hybrid\", \"count\": 4}") == 0,
       "queries and chunks");

    ok(request.nqueries == 3 && request.ntexts == 4, "three and four");
    is_str(request.texts[1], "yy", "a query");
    is_str(request.texts[2], "x", "one that is there twice");
    is_str(request.texts[3], "one", "the text of an object");
    is_str(request.texts[4], "two", "a string among objects");
    is_str(request.texts[6], "four", "the last");
    is_str(request.ids[0], "c1", "an id");
    ok(request.ids[1].data == NULL, "a string has none");
    ok(request.ids[2].data == NULL, "an object need not have one");
    ok(request.ids[3].data && request.ids[3].len == 0, "or an empty one");
    ok(request.size == 4 + 3 + 3 + 5 + 4, "all bytes are counted");
    ok(request.top_k == 3, "the three best");
    ok(request.by == REVIEW_RANK_HYBRID, "by both");

    ok(read_request("{\"query\": \"x\", \"texts\": [{\"id\": \"七\","
                    " \"text\": \"y\"}]}") == 0,
       "texts may be objects");
    is_str(request.ids[0], "七", "its id");

    ok(read_request("{\"query\": \"x\", \"chunks\": [\"y\"]}") == 0,
       "chunks may be strings");
    is_str(request.texts[1], "y", "its text");
}


static void
test_options(void)
{
    ok(read_request("{\"query\": \"x\", \"queries\": null, \"texts\": null,"
                    " \"chunks\": [\"y\"], \"top_k\": null, \"by\": null}")
       == 0, "null is as good as nothing");
    ok(request.nqueries == 1 && request.ntexts == 1 && request.top_k == 10
       && request.by == REVIEW_RANK_EMBEDDING, "the defaults");

    ok(read_request("{\"query\": \"x\", \"texts\": [\"y\"],"
                    " \"top_k\": 1000000000, \"by\": \"bm25\"}") == 0,
       "more than there are");
    ok(request.top_k == 1000000000 && request.by == REVIEW_RANK_BM25,
       "by words");

    ok(read_request("{\"query\": \"x\", \"texts\": [\"y\"],"
                    " \"by\": \"embedding\"}") == 0
       && request.by == REVIEW_RANK_EMBEDDING, "by embeddings, in words");
}


static void
test_names(void)
{
    ok(strcmp(review_rank_names[REVIEW_RANK_EMBEDDING], "embedding") == 0
       && strcmp(review_rank_names[REVIEW_RANK_BM25], "bm25") == 0
       && strcmp(review_rank_names[REVIEW_RANK_HYBRID], "hybrid") == 0
       && review_rank_names[REVIEW_RANK_HYBRID + 1] == NULL,
       "the names are those of the enumeration");
}


static void
test_bad_members(void)
{
    bad(400, "/query", "is missing, and so is \"queries\"", "{}");
    bad(400, "/query", "is missing", "{\"texts\": [\"y\"]}");
    bad(400, "/query", "is missing",
        "{\"query\": null, \"queries\": null, \"texts\": [\"y\"]}");
    bad(400, "/texts", "is missing, and so is \"chunks\"",
        "{\"query\": \"x\"}");
    bad(422, "/queries", "together with \"query\"",
        "{\"query\": \"x\", \"queries\": [\"x\"], \"texts\": [\"y\"]}");
    bad(422, "/chunks", "together with \"texts\"",
        "{\"query\": \"x\", \"chunks\": [\"x\"], \"texts\": [\"y\"]}");

    bad(400, "/top_k", "an integer from 1",
        "{\"query\": \"x\", \"texts\": [\"y\"], \"top_k\": 0}");
    bad(400, "/top_k", "an integer from 1",
        "{\"query\": \"x\", \"texts\": [\"y\"], \"top_k\": -1}");
    bad(400, "/top_k", "an integer from 1",
        "{\"query\": \"x\", \"texts\": [\"y\"], \"top_k\": 1000000001}");
    bad(400, "/top_k", "an integer from 1",
        "{\"query\": \"x\", \"texts\": [\"y\"],"
        " \"top_k\": 9223372036854775807}");
    bad(400, "/top_k", "an integer",
        "{\"query\": \"x\", \"texts\": [\"y\"], \"top_k\": 2.0}");
    bad(400, "/top_k", "an integer",
        "{\"query\": \"x\", \"texts\": [\"y\"], \"top_k\": \"2\"}");

    bad(400, "/by", "must be one of",
        "{\"query\": \"x\", \"texts\": [\"y\"], \"by\": \"BM25\"}");
    bad(400, "/by", "must be",
        "{\"query\": \"x\", \"texts\": [\"y\"], \"by\": \"\"}");
    bad(400, "/by", "must be",
        "{\"query\": \"x\", \"texts\": [\"y\"], \"by\": [\"bm25\"]}");
}


static void
test_bad_texts(void)
{
    bad(400, "/query", "must be a string, got an array",
        "{\"query\": [\"x\"], \"texts\": [\"y\"]}");
    bad(400, "/query", "must be a string, got an object",
        "{\"query\": {\"text\": \"x\"}, \"texts\": [\"y\"]}");
    bad(400, "/query", "is empty", "{\"query\": \"\", \"texts\": [\"y\"]}");
    bad(400, "/query", "is empty",
        "{\"query\": \" \\t\\u3000\\u0007\", \"texts\": [\"y\"]}");

    bad(400, "/queries", "must be an array, got a string",
        "{\"queries\": \"x\", \"texts\": [\"y\"]}");
    bad(400, "/queries", "is empty", "{\"queries\": [], \"texts\": [\"y\"]}");
    bad(400, "/queries/1", "must be a string",
        "{\"queries\": [\"x\", null], \"texts\": [\"y\"]}");
    bad(400, "/queries/2", "is empty",
        "{\"queries\": [\"x\", \"y\", \"\\n\"], \"texts\": [\"y\"]}");
    bad(400, "/queries/0", "must be a string, got an object",
        "{\"queries\": [{\"text\": \"x\"}], \"texts\": [\"y\"]}");

    bad(400, "/texts", "must be an array, got a string",
        "{\"query\": \"x\", \"texts\": \"y\"}");
    bad(400, "/texts", "is empty", "{\"query\": \"x\", \"texts\": []}");
    bad(400, "/texts/1", "got an integer",
        "{\"query\": \"x\", \"texts\": [\"y\", 7]}");
    bad(400, "/texts/0", "is empty", "{\"query\": \"x\", \"texts\": [\"\"]}");

    bad(400, "/chunks", "must be an array",
        "{\"query\": \"x\", \"chunks\": {\"text\": \"y\"}}");
    bad(400, "/chunks", "is empty", "{\"query\": \"x\", \"chunks\": []}");
    bad(400, "/chunks/0/text", "is missing",
        "{\"query\": \"x\", \"chunks\": [{}]}");
    bad(400, "/chunks/1/text", "got null",
        "{\"query\": \"x\", \"chunks\": [\"y\", {\"text\": null}]}");
    bad(400, "/chunks/0/text", "is empty",
        "{\"query\": \"x\", \"chunks\": [{\"text\": \" \"}]}");
    bad(400, "/chunks/0/id", "must be a string",
        "{\"query\": \"x\", \"chunks\": [{\"id\": 1, \"text\": \"y\"}]}");
    bad(400, "/chunks/0/id", "must be",
        "{\"query\": \"x\", \"chunks\": [{\"id\": null, \"text\": \"y\"}]}");
}


static void
test_unknown(void)
{
    ok(read_request("{\"query\": \"x\", \"chunks\": [{\"id\": \"c1\","
                    " \"text\": \"y\", \"start\": 0, \"end\": 1,"
                    " \"overlap\": 0, \"heading\": [], \"sha256\": \"0\","
                    " \"table_header\": {}, \"oversize\": true,"
                    " \"status\": \"complete\", \"index\": 0,"
                    " \"score\": 0.5}], \"count\": 1, \"elapsed_ms\": 1}")
       == 0, "a split's reply, ranked chunks");
    ok(read_request("{\"query\": \"x\", \"chunks\": [{\"text\": \"y\","
                    " \"x-a\": 1, \"$b\": 1, \"_c\": 1}], \"x-d\": 1}")
       == 0, "comments");

    bad(400, "/querry", "did you mean \"query\"?",
        "{\"querry\": \"x\", \"query\": \"x\", \"texts\": [\"y\"]}");
    bad(400, "/model", "is unknown",
        "{\"query\": \"x\", \"texts\": [\"y\"], \"model\": \"m\"}");
    bad(400, "/texts/1/txt", "did you mean \"text\"?",
        "{\"query\": \"x\", \"texts\": [\"y\", {\"txt\": \"z\"}]}");
    bad(400, "/chunks/0/leaf", "is unknown",
        "{\"query\": \"x\", \"chunks\": [{\"text\": \"z\","
        " \"leaf\": 1}]}");
}


static void
test_many_inputs(void)
{
    given.max_inputs = 1;

    ok(read_request("{\"queries\": [\"x\", \"y\"], \"texts\": [\"z\"]}")
       == 0, "as many texts as may be");
    bad(422, "/texts", "review_max_inputs allows 1",
        "{\"query\": \"x\", \"texts\": [\"y\", \"z\"]}");
    bad(422, "/chunks", "there are 2",
        "{\"query\": \"x\", \"chunks\": [\"y\", \"z\"]}");

    given.max_inputs = 100000000;
}


/* an id of so many bytes */

static int
read_id(size_t len)
{
    char  text[2048], id[1500];

    memset(id, 'i', len);
    id[len] = '\0';

    snprintf(text, sizeof(text), "{\"query\": \"x\", \"texts\":"
             " [{\"id\": \"%s\", \"text\": \"y\"}]}", id);

    return read_request(text);
}


static void
test_ids(void)
{
    ok(read_id(1024) == 0 && request.ids[0].len == 1024, "a long id");
    ok(read_id(1025) == 400 && strcmp(err.pointer, "/texts/0/id") == 0,
       "one that is too long");
}


static void *
no_memory(review_pool_t *p, size_t size)
{
    (void) p;
    (void) size;

    return NULL;
}


static void
test_no_memory(void)
{
    json_t         *body;
    review_pool_t   none;
    const char     *text = "{\"query\": \"x\", \"texts\": [\"y\"]}";

    memset(&none, 0, sizeof(none));
    none.alloc = no_memory;

    body = review_json_parse(text, strlen(text), &err);

    ok(review_rank_request(&none, body, &given, &request, &err) == -1,
       "no memory");

    json_decref(body);
}


int
main(void)
{
    test_one();
    test_many();
    test_options();
    test_names();
    test_bad_members();
    test_bad_texts();
    test_unknown();
    test_many_inputs();
    test_ids();
    test_no_memory();

    tap_pool_free(pool);

    return tap_end();
}
