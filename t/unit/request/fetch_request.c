
/*
 * Proves that a request to fetch is read as it was meant: URLs, and the names
 * that they are saved as, which are safe and each there once; and that whatever
 * is wrong is told with its status and a pointer to it.
 */

#include "reading.h"
#include "review/request/fetch_request.h"


static review_fetch_given_t     given = { 1 };
static review_fetch_request_t   request;


static int
read_request(const char *text)
{
    json_t  *body;

    body = read_body(text);
    memset(&request, 0xff, sizeof(request));

    return review_fetch_request(pool, body, &given, &request, &err);
}


static void
test_urls(void)
{
    ok(read_request("{'urls':['https://a/b/%E6%A0%87.pdf?x','http://a/c'],"
                    "'save_as':[null,'d/e']}") == 0 && request.n == 2,
       "URLs and names");
    is_str(request.urls[0].url, "https://a/b/%E6%A0%87.pdf?x", "a URL");
    is_str(request.urls[0].name, "标.pdf", "its own name");
    is_str(request.urls[1].name, "d/e", "one that was given");

    ok(read_request("{'urls':['ftp://a','ftp://a'],'save_as':null,'no':null}")
       == 0 && request.urls[0].name.data == NULL,
       "what is refused anyway needs no name");
    ok(read_request("{'urls':['http://a/b'],'x-a':1,'$b':1,'_c':1}") == 0,
       "comments");

    given.saves = 0;
    ok(read_request("{'urls':['http://a/','http://a/']}") == 0
       && request.urls[0].name.data == NULL, "nothing is saved");
    refused(422, "/save_as", "nothing is saved here",
            "{'urls':['http://a/b'],'save_as':['c']}");
    given.saves = 1;
}


static void
test_wrong(void)
{
    refused(400, "/urls", "is missing", "{}");
    refused(400, "/urls", "is missing", "{'urls':null}");
    refused(400, "/urls", "must be an array", "{'urls':'http://a/b'}");
    refused(400, "/urls", "is empty", "{'urls':[]}");
    refused(400, "/urls/1", "got null", "{'urls':['http://a/b',null]}");
    refused(400, "/urls/0", "must not be empty", "{'urls':['']}");
    refused(400, "/save", "is unknown, known are: urls, save_as",
            "{'urls':['http://a/b'],'save':['c']}");
    refused(400, "/url", "did you mean \"urls\"?", "{'url':['http://a/b']}");
    refused(400, "/save_as", "must be an array",
            "{'urls':['http://a/b'],'save_as':'c'}");
    refused(422, "/save_as", "has 2 names for 1 URLs",
            "{'urls':['http://a/b'],'save_as':['c','d']}");
    refused(400, "/save_as/0", "got an integer",
            "{'urls':['http://a/b'],'save_as':[1]}");
    refused(422, "/urls/0", "does not end with a name", "{'urls':["
            "'http://a/']}");
    refused(422, "/urls/0", "does not end with a name", "{'urls':["
            "'http://a/b%2Fc']}");
    refused(422, "/urls/0", "does not end with a name", "{'urls':["
            "'http://a/.fetch-1']}");
    refused(422, "/urls/1", "under the name of one before it",
            "{'urls':['http://a/b','http://c/b']}");
    refused(422, "/save_as/1", "under the name of one before it",
            "{'urls':['http://a/b','http://c/d'],'save_as':[null,'b']}");
}


static void
test_names(void)
{
    size_t  i;
    char    text[2000];

    static const struct {
        const char  *name;
        const char  *why;
    } bad[] = {
        { "", "is empty" },
        { "/a", "is empty, or a part" },
        { "a//b", "is empty, or a part" },
        { "a/", "is empty, or a part" },
        { ".", "\".\" or \"..\"" },
        { "a/../b", "\".\" or \"..\"" },
        { "a\\tb", "a control character" },
        { "a\\u007f", "a control character" },
        { ".fetch-a", "names of unfinished files" },
        { "a/.fetch-", "names of unfinished files" }
    };

    for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        snprintf(text, sizeof(text),
                 "{'urls':['http://a/b'],'save_as':['%s']}", bad[i].name);
        refused(422, "/save_as/0", bad[i].why, text);
    }

    snprintf(text, sizeof(text), "{'urls':['http://a/b'],'save_as':['%0255d']}",
             1);
    ok(read_request(text) == 0, "a long part");
    snprintf(text, sizeof(text), "{'urls':['http://a/b'],'save_as':['%0256d']}",
             1);
    refused(422, "/save_as/0", "more than 255 bytes", text);
    snprintf(text, sizeof(text),
             "{'urls':['http://a/b'],'save_as':['%0255d/%0255d/%0255d/%0255d/"
             "a']}", 1, 1, 1, 1);
    refused(422, "/save_as/0", "longer than 1024 bytes", text);

    ok(read_request("{'urls':['http://a/b'],'save_as':['..a/.b/文/.fetch']}")
       == 0, "names that only look like it");
}


static void
test_many(void)
{
    int    i, n;
    char  *text;

    text = malloc(200000);
    n = snprintf(text, 100, "{'urls':['ftp://a'");

    for (i = 1; i < 10000; i++) {
        n += snprintf(text + n, 100, ",'ftp://a'");
    }

    snprintf(text + n, 100, "]}");
    ok(read_request(text) == 0 && request.n == 10000, "as many as may be");

    snprintf(text + n, 100, ",'ftp://a']}");
    refused(422, "/urls", "has 10001 URLs", text);

    free(text);
}


static void
test_memory(void)
{
    int             i, good;
    json_t         *body;
    review_pool_t   poor;

    for (i = 0, good = 0; i < 50; i++) {
        body = read_body("{'urls':['ftp://a','http://a/b']}");

        if (review_fetch_request(reading_poor(&poor, i), body, &given,
                                 &request, &err) == 0 && reading_left >= 0)
        {
            break;
        }

        good += (reading_left < 0);
    }

    ok(i > 1 && i < 50 && good == i, "a request without memory");
}


int
main(void)
{
    test_urls();
    test_wrong();
    test_names();
    test_many();
    test_memory();

    tap_pool_free(pool);

    return tap_end();
}
