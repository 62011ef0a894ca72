
/*
 * Proves that URLs are taken apart as everybody takes them apart, that what
 * some read in another way is refused, and where redirects lead.
 */

#include "tap.h"
#include "review/net/url.h"


#define count(array)  (sizeof(array) / sizeof((array)[0]))


/* in a block of its own length, for a sanitizer to see */

static review_url_e
parse(review_pool_t *pool, const review_url_t *from, const char *text,
    review_url_t *url)
{
    char          *copy;
    size_t         len;
    review_url_e   rc;

    len = strlen(text);
    copy = malloc(len ? len : 1);
    memcpy(copy, text, len);

    rc = from ? review_url_follow(pool, from, copy, len, url)
              : review_url_parse(pool, copy, len, url);
    free(copy);

    return rc;
}


static void
good(review_pool_t *pool)
{
    size_t        i;
    review_url_t  url;

    static const struct {
        const char  *url;
        const char  *text;
        const char  *host;
        int          port;
        const char  *name;
    } cases[] = {
        { "http://a.b", "http://a.b/", "a.b", 80, "" },
        { "HTTPS://A.B./x/Y.z", "https://a.b/x/Y.z", "a.b", 443, "Y.z" },
        { "http://a:80/x", "http://a/x", "a", 80, "x" },
        { "https://a:80/x", "https://a:80/x", "a", 80, "x" },
        { "http://a:00080/x", "http://a/x", "a", 80, "x" },
        { "http://a?q=/x", "http://a/?q=/x", "a", 80, "" },
        { "http://a/x?q=/y#f", "http://a/x?q=/y", "a", 80, "x" },
        { "http://a#f?x", "http://a/", "a", 80, "" },
        { "http://a/%E6%A0%87%20", "http://a/%E6%A0%87%20", "a", 80,
          "\xe6\xa0\x87 " },
        { "http://a/\xe6\xa0\x87", "http://a/%E6%A0%87", "a", 80,
          "\xe6\xa0\x87" },
        { "http://a/x/../y", "http://a/x/../y", "a", 80, "y" },
        { "http://a/..%2Fx", "http://a/..%2Fx", "a", 80, "../x" },
        { "http://a/<\"`{|}^>", "http://a/%3C%22%60%7B%7C%7D%5E%3E", "a", 80,
          "<\"`{|}^>" },
        { "http://a//b@c:d", "http://a//b@c:d", "a", 80, "b@c:d" },
        { "http://127.0.0.1/x", "http://127.0.0.1/x", "", 80, "x" },
        { "http://[::1]:81/x", "http://[::1]:81/x", "", 81, "x" },
        { "http://[0:0::FFFF:7f00:1]/x", "http://127.0.0.1/x", "", 80, "x" }
    };

    for (i = 0; i < count(cases); i++) {

        if (parse(pool, NULL, cases[i].url, &url) != REVIEW_URL_OK) {
            ok(0, "%s", cases[i].url);
            continue;
        }

        is_str(url.text, cases[i].text, "%s", cases[i].url);
        is_str(url.host, cases[i].host, "its host");
        is_str(url.name, cases[i].name, "its last segment");
        ok(url.port == cases[i].port, "its port");
    }
}


static void
bad(review_pool_t *pool)
{
    char          text[REVIEW_URL_MAX + 2];
    size_t        i;
    review_url_t  url;

    static const struct {
        const char    *url;
        review_url_e   rc;
    } cases[] = {
        { "", REVIEW_URL_BAD }, { "a", REVIEW_URL_BAD },
        { "/a", REVIEW_URL_BAD }, { "//a", REVIEW_URL_BAD },
        { "://a", REVIEW_URL_BAD }, { "1http://a", REVIEW_URL_BAD },
        { " http://a", REVIEW_URL_BAD }, { "http", REVIEW_URL_BAD },
        { "http:", REVIEW_URL_BAD }, { "http:a", REVIEW_URL_BAD },
        { "http:/a", REVIEW_URL_BAD }, { "http://", REVIEW_URL_BAD },
        { "http:///a", REVIEW_URL_BAD }, { "http://:80", REVIEW_URL_BAD },
        { "http:\\\\a", REVIEW_URL_BAD }, { "http://a\\b", REVIEW_URL_BAD },
        { "http://a\\@b", REVIEW_URL_BAD },
        { "http://a/\\b", REVIEW_URL_BAD }, { "http://a b", REVIEW_URL_BAD },
        { "http://a/b c", REVIEW_URL_BAD }, { "http://a\t/", REVIEW_URL_BAD },
        { "http://a/%", REVIEW_URL_BAD }, { "http://a/%1", REVIEW_URL_BAD },
        { "http://a/%1#", REVIEW_URL_BAD }, { "http://a/%gg", REVIEW_URL_BAD },
        { "http://%61/", REVIEW_URL_BAD },
        { "http://\xe3\x80\x82/", REVIEW_URL_BAD },
        { "http://a:/", REVIEW_URL_BAD }, { "http://a:0/", REVIEW_URL_BAD },
        { "http://a:65536/", REVIEW_URL_BAD },
        { "http://a:000080/", REVIEW_URL_BAD },
        { "http://a:-1/", REVIEW_URL_BAD }, { "http://a:8:9/", REVIEW_URL_BAD },
        { "http://1/", REVIEW_URL_BAD }, { "http://127.1/", REVIEW_URL_BAD },
        { "http://0x7f.1/", REVIEW_URL_BAD },
        { "http://0/", REVIEW_URL_BAD },
        { "http://0177.0.0.1/", REVIEW_URL_BAD },
        { "http://2130706433/", REVIEW_URL_BAD },
        { "http://4294967297/", REVIEW_URL_BAD },
        { "http://1.2.3.4./", REVIEW_URL_BAD },
        { "http://1.2.3.4.5/", REVIEW_URL_BAD },
        { "http://\xef\xbc\x91.2.3.4/", REVIEW_URL_BAD },
        { "http://\xc3\xa4/", REVIEW_URL_BAD },
        { "http://a%2Eb/", REVIEW_URL_BAD }, { "http:////a", REVIEW_URL_BAD },
        { "http://a:+80/", REVIEW_URL_BAD },
        { "http://a: 80/", REVIEW_URL_BAD },
        { "http://[::1/", REVIEW_URL_BAD },
        { "http://[::1]x/", REVIEW_URL_BAD },
        { "http://[::1%25lo]/", REVIEW_URL_BAD },
        { "http://[1.2.3.4]/", REVIEW_URL_BAD },
        { "http://[a]/", REVIEW_URL_BAD },
        { "http://[v1.x]/", REVIEW_URL_BAD }, { "http://::1/", REVIEW_URL_BAD },
        { "ftp://a/", REVIEW_URL_SCHEME }, { "file:///a", REVIEW_URL_SCHEME },
        { "httpx://a", REVIEW_URL_SCHEME }, { "htt://a", REVIEW_URL_SCHEME },
        { "data:,x", REVIEW_URL_SCHEME }, { "c:\\x", REVIEW_URL_SCHEME },
        { "http://u@a/", REVIEW_URL_USERINFO },
        { "http://u:p@a/", REVIEW_URL_USERINFO },
        { "http://@a/", REVIEW_URL_USERINFO },
        { "http://a:80@b/", REVIEW_URL_USERINFO }
    };

    for (i = 0; i < count(cases); i++) {
        ok(parse(pool, NULL, cases[i].url, &url) == cases[i].rc,
           "\"%s\": %d", cases[i].url, cases[i].rc);
    }

    ok(review_url_parse(pool, "http://a/\0b", 11, &url) == REVIEW_URL_BAD,
       "a NUL");
    ok(parse(pool, NULL, "http://a/\r\nX: y", &url) == REVIEW_URL_BAD,
       "a line break");

    memset(text, 'a', sizeof(text));
    memcpy(text, "http://a/", 9);
    ok(review_url_parse(pool, text, REVIEW_URL_MAX, &url) == REVIEW_URL_OK,
       "as long as may be");
    ok(review_url_parse(pool, text, REVIEW_URL_MAX + 1, &url)
       == REVIEW_URL_BAD, "too long");
}


static void
redirects(review_pool_t *pool)
{
    size_t        i;
    review_url_t  from, url;

    static const struct {
        const char    *from;
        const char    *location;
        const char    *text;        /* NULL: */
        review_url_e   rc;
    } cases[] = {
        { "http://a:81/x", "/y?z#f", "http://a:81/y?z", REVIEW_URL_OK },
        { "https://a/x", "//b/y", "https://b/y", REVIEW_URL_OK },
        { "http://a/x", "//b:1", "http://b:1/", REVIEW_URL_OK },
        { "http://a:81/x", "http://b/", "http://b/", REVIEW_URL_OK },
        { "http://a/x", "https://b/", "https://b/", REVIEW_URL_OK },
        { "http://[::1]:81/x", "/y", "http://[::1]:81/y", REVIEW_URL_OK },
        { "https://a/x", "http://a/", NULL, REVIEW_URL_DOWNGRADE },
        { "http://a/x", "", NULL, REVIEW_URL_BAD },
        { "http://a/x", "y", NULL, REVIEW_URL_BAD },
        { "http://a/x", "?y", NULL, REVIEW_URL_BAD },
        { "http://a/x", "///b", NULL, REVIEW_URL_BAD },
        { "http://a/x", "/\\b", NULL, REVIEW_URL_BAD },
        { "http://a/x", "//u@b/", NULL, REVIEW_URL_USERINFO },
        { "http://a/x", "file:///etc/passwd", NULL, REVIEW_URL_SCHEME }
    };

    for (i = 0; i < count(cases); i++) {

        ok(parse(pool, NULL, cases[i].from, &from) == REVIEW_URL_OK
           && parse(pool, &from, cases[i].location, &url) == cases[i].rc,
           "from %s to \"%s\": %d", cases[i].from, cases[i].location,
           cases[i].rc);

        if (cases[i].text && url.text.data) {
            is_str(url.text, cases[i].text, "which is there");
        }
    }
}


int
main(void)
{
    review_pool_t  *pool = tap_pool();

    good(pool);
    bad(pool);
    redirects(pool);

    tap_pool_free(pool);

    return tap_end();
}
