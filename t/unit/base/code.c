
/*
 * Proves that each code has a name of its own and finds it again, statuses
 * included; that names which are not known here are told from them; which
 * codes are worth another try, and which are of what took too long; and that a
 * sentence never has more than one name to fill in.
 */

#include "tap.h"

#include "review/base/code.h"

#include <stdio.h>


static void
test_names(void)
{
    int             bad;
    char            buf[REVIEW_CODE_NAME];
    const char     *name;
    review_code_t   code;

    bad = 0;

    for (code = REVIEW_CODE_BUSY; code < REVIEW_CODE_OTHER; code++) {
        name = review_code_name(code, buf);
        bad += name == NULL || review_code_of(name, strlen(name)) != code;
    }

    ok(bad == 0, "each name leads back to its code: %d wrong", bad);

    ok(review_code_of("http_404", 8) == review_code_http(404)
       && review_code_http_status(review_code_of("http_404", 8)) == 404
       && strcmp(review_code_name(review_code_http(404), buf), "http_404") == 0,
       "so do statuses");

    ok(strcmp(review_code_name(review_code_http(4294967000u), buf),
              "http_4294967000") == 0, "the longest one");
}


static void
test_others(void)
{
    size_t  i;

    static const char  *names[] = {
        "", "ok", "http", "other", "http_", "http_0", "http_0404", "http_4x4",
        "http_-1", "http_1234567890", "connecting", "connec", "Connect", "new"
    };

    for (i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        ok(review_code_of(names[i], strlen(names[i])) == REVIEW_CODE_OTHER,
           "\"%s\" is none of ours", names[i]);
    }
}


static void
test_what_follows(void)
{
    int            bad;
    unsigned       status;
    const char    *s;
    review_code_t  code;

    ok(review_code_retried(REVIEW_CODE_CONNECT)
       && review_code_retried(REVIEW_CODE_RATE_LIMITED)
       && review_code_retried(review_code_http(408))
       && review_code_retried(review_code_http(425))
       && review_code_retried(review_code_http(500)), "worth another try");
    ok(!review_code_retried(REVIEW_CODE_OK)
       && !review_code_retried(REVIEW_CODE_REFUSED)
       && !review_code_retried(REVIEW_CODE_QUOTA)
       && !review_code_retried(review_code_http(302))
       && !review_code_retried(REVIEW_CODE_OTHER)
       && !review_code_retried(review_code_http(404)), "not worth one");

    bad = 0;

    for (code = REVIEW_CODE_OK; code < REVIEW_CODE_HTTP; code++) {
        bad += review_code_waited(code)
               != (code == REVIEW_CODE_QUEUE_FULL
                   || code == REVIEW_CODE_QUEUE_TIMEOUT
                   || code == REVIEW_CODE_CIRCUIT_OPEN);
    }

    ok(bad == 0 && !review_code_waited(review_code_http(503)),
       "three have waited for a turn");

    ok(review_code_timeout(REVIEW_CODE_DEADLINE)
       && review_code_timeout(REVIEW_CODE_QUEUE_TIMEOUT)
       && !review_code_timeout(REVIEW_CODE_OK)
       && !review_code_timeout(REVIEW_CODE_CUT)
       && !review_code_timeout(review_code_http(504)), "what took too long");

    bad = 0;

    for (code = REVIEW_CODE_BUSY; code <= REVIEW_CODE_HTTP; code++) {
        status = review_code_status(code);
        s = strchr(review_code_sentence(code), '%');

        bad += (status != 413 && status != 422 && status != 502
                && status != 503 && status != 504)
               || (s && (s[1] != 's' || strchr(s + 1, '%')));
    }

    ok(bad == 0, "statuses, and sentences: %d wrong", bad);
}


/* each code there is: which are permanent, which are asked again but once */

static void
test_passes(void)
{
    int            bad;
    char           buf[REVIEW_CODE_NAME];
    size_t         i, permanent;
    unsigned       status;
    review_code_t  code;

    static const char  *names[] = {
        "ok", "quota", "refused", "truncated", "too_large", "bad_encoding",
        "regex_limit", "no_embeddings", "bad_url", "bad_scheme", "userinfo",
        "host_not_allowed", "address_not_allowed", "downgrade",
        "too_many_redirects", "timeout", "failed", "stopped", "file", "store",
        "etag_mismatch"
    };

    for (bad = 0, code = REVIEW_CODE_OK; code < REVIEW_CODE_HTTP; code++) {

        for (permanent = 0, i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
            permanent += strcmp(review_code_name(code, buf), names[i]) == 0;
        }

        bad += review_code_passes(code) == (int) permanent;
    }

    ok(bad == 0, "what passes, by its name: %d wrong", bad);

    for (bad = 0, status = 100; status < 700; status++) {
        permanent = status >= 300 && status < 500 && status != 408
                    && status != 425 && status != 429;
        bad += review_code_passes(review_code_http(status)) == (int) permanent;
    }

    ok(bad == 0, "and by its status: %d wrong", bad);

    ok(review_code_once(REVIEW_CODE_BAD_ANSWER)
       && review_code_once(REVIEW_CODE_BAD_JSON)
       && review_code_once(REVIEW_CODE_BAD_REPLY)
       && !review_code_once(REVIEW_CODE_CUT), "what is asked once more");

    ok(!review_code_asked(REVIEW_CODE_CONNECT)
       && !review_code_asked(REVIEW_CODE_QUEUE_TIMEOUT)
       && !review_code_asked(REVIEW_CODE_CIRCUIT_OPEN)
       && !review_code_asked(REVIEW_CODE_SHUTDOWN)
       && review_code_asked(REVIEW_CODE_CUT)
       && review_code_asked(review_code_http(500)), "what nobody was asked");
}


/* where another LLM may answer */

static void
test_falls(void)
{
    int            bad;
    char           buf[REVIEW_CODE_NAME];
    size_t         i, falls;
    review_code_t  code;

    static const char  *names[] = {
        "busy", "connect", "cut", "call_timeout", "slow", "rate_limited",
        "quota", "llm_error", "refused", "truncated", "bad_answer", "bad_json",
        "bad_encoding", "too_large", "queue_full", "queue_timeout",
        "circuit_open"
    };

    for (bad = 0, code = REVIEW_CODE_OK; code < REVIEW_CODE_HTTP; code++) {

        for (falls = 0, i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
            falls += strcmp(review_code_name(code, buf), names[i]) == 0;
        }

        bad += review_code_falls(code) != (int) falls;
    }

    ok(bad == 0, "where another LLM may answer: %d wrong", bad);

    ok(review_code_falls(review_code_http(401))
       && review_code_falls(review_code_http(500)), "whatever the status is");
}


int
main(void)
{
    test_names();
    test_passes();
    test_falls();
    test_others();
    test_what_follows();

    return tap_end();
}
