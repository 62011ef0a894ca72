
/*
 * Proves that requests are signed as AWS's documentation of S3 says, by its
 * examples; and that what is long or strange is signed or refused, whole.
 */

#include "tap.h"
#include "../../ngx_review_module/review/sign.h"


#define HOST   "examplebucket.s3.amazonaws.com"

/* hashes of nothing, and of what is uploaded */

#define EMPTY  "e3b0c44298fc1c149afbf4c8996fb924"                             \
               "27ae41e4649b934ca495991b7852b855"
#define BODY   "44ce7dd67c959e0d3524ffac1771dfbb"                             \
               "a87d2b6b4b4e99e42034a8b803f8b072"


#define header(name, value)  { review_string(name), review_string(value) }


static void
set_keys(review_sign_t *sign)
{
    static const review_str_t
        region = review_string("us-east-1"),
        access = review_string("AKIAIOSFODNN7EXAMPLE"),
        secret = review_string("wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY");

    sign->region = region;
    sign->access_key = access;
    sign->secret_key = secret;
    sign->date = "20130524T000000Z";
}


static void
is_signed(review_pool_t *pool, const char *method, const char *url,
    const char *payload, const review_sign_header_t *headers, size_t n,
    const char *names, const char *signature)
{
    char           expected[512];
    review_buf_t   b;
    review_sign_t  sign;

    set_keys(&sign);

    sign.method = method;
    sign.url.data = url;
    sign.url.len = strlen(url);
    sign.payload = payload;
    sign.headers = headers;
    sign.nheaders = n;

    snprintf(expected, sizeof(expected),
             "AWS4-HMAC-SHA256 Credential=AKIAIOSFODNN7EXAMPLE/20130524/"
             "us-east-1/s3/aws4_request, SignedHeaders=%s, Signature=%s",
             names, signature);

    review_buf_init(&b, pool, 0);
    review_sign(&b, &sign);
    is_str(b, expected, "%s %s", method, url);

    review_sign(&b, &sign);
    is_str(b, expected, "%s %s: the buffer is used again", method, url);
}


static void
examples(review_pool_t *pool)
{
    static const review_sign_header_t  get[] = {
        header("Host", HOST),
        header("Range", "bytes=0-9"),
        header("x-amz-content-sha256", EMPTY),
        header("x-amz-date", "20130524T000000Z")
    };

    static const review_sign_header_t  list[] = {
        header("X-Amz-Date", "20130524T000000Z"),
        header("host", HOST),
        header("x-amz-content-sha256", EMPTY)
    };

    static const review_sign_header_t  put[] = {
        header("Host", HOST),
        header("x-amz-date", "20130524T000000Z"),
        header("x-amz-storage-class", "  REDUCED_REDUNDANCY "),
        header("x-amz-content-sha256", BODY),
        header("Date", "Fri,  24 May   2013 00:00:00 GMT")
    };

    is_signed(pool, "GET", "https://" HOST "/test.txt", EMPTY, get, 4,
              "host;range;x-amz-content-sha256;x-amz-date",
              "f0e8bdb87c964420e857bd35b5d6ed31"
              "0bd44f0170aba48dd91039c6036bdb41");

    is_signed(pool, "GET", "https://" HOST "/?lifecycle=", EMPTY, list, 3,
              "host;x-amz-content-sha256;x-amz-date",
              "fea454ca298b7da1c68078a5d1bdbfbb"
              "e0d65c699e0f91ac7a200a0136783543");

    is_signed(pool, "GET", "https://" HOST "/?max-keys=2&prefix=J", EMPTY,
              list, 3, "host;x-amz-content-sha256;x-amz-date",
              "34b48302e7b5fa45bde8084f4b7868a8"
              "6f0a534bc59db6670ed5711ef69dc6f7");

    is_signed(pool, "PUT", "https://" HOST "/test%24file.text",
              BODY, put, 5,
              "date;host;x-amz-content-sha256;x-amz-date;x-amz-storage-class",
              "98ad721746da40c64f1a55b78f14c238"
              "d841ea1380cd77a1b5971af0ece108bd");
}


static void
hosts(void)
{
    size_t        i;
    review_str_t  url;

    static const char *urls[][2] = {
        { "http://127.0.0.1:9000/bids/a", "127.0.0.1:9000" },
        { "https://[::1]:9000/bids?list-type=2", "[::1]:9000" },
        { "http://minio", "minio" },
        { "http://minio?a=b/c", "minio" },
        { "http://", "" },
        { "", "" }
    };

    for (i = 0; i < sizeof(urls) / sizeof(urls[0]); i++) {
        url.data = urls[i][0];
        url.len = strlen(url.data);
        is_str(review_sign_host(&url), urls[i][1], "the host of \"%s\"",
               url.data);
    }
}


static void
dates(void)
{
    char  date[REVIEW_SIGN_DATE];

    review_sign_date(date, 1369353600);
    ok(strcmp(date, "20130524T000000Z") == 0, "a date: %s", date);

    review_sign_date(date, 1709210096);
    ok(strcmp(date, "20240229T123456Z") == 0, "and another: %s", date);
}


static void
strange(review_pool_t *pool)
{
    char                  *secret;
    size_t                 i;
    review_buf_t           b;
    review_sign_t          sign;
    review_sign_header_t   headers[REVIEW_SIGN_HEADERS + 1];

    static const char  credential[] = "AWS4-HMAC-SHA256 "
        "Credential=test:te st/=/20130524/us-east-1/s3/aws4_request, ";

    static const review_str_t          url = review_string("http://s/"),
                                       access = review_string("test:te st/=");
    static const review_sign_header_t  many = header("x", "");

    for (i = 0; i < sizeof(headers) / sizeof(headers[0]); i++) {
        headers[i] = many;
    }

    set_keys(&sign);

    sign.method = "GET";
    sign.url = url;
    sign.payload = "UNSIGNED-PAYLOAD";
    sign.headers = headers;
    sign.nheaders = REVIEW_SIGN_HEADERS;
    sign.access_key = access;

    review_buf_init(&b, pool, 0);
    review_sign(&b, &sign);
    ok(!b.failed && b.len > sizeof(credential)
       && memcmp(b.data, credential, sizeof(credential) - 1) == 0,
       "an access key is written as it is");

    sign.nheaders++;
    review_sign(&b, &sign);
    ok(b.failed, "more headers than there may be");

    secret = calloc(1, 9000);
    sign.nheaders = 0;
    sign.secret_key.data = secret;
    sign.secret_key.len = 8188;

    review_buf_init(&b, pool, 0);
    review_sign(&b, &sign);
    ok(!b.failed, "a long key");

    sign.secret_key.len++;
    review_sign(&b, &sign);
    ok(b.failed, "a key that is too long");

    free(secret);
}


int
main(void)
{
    review_pool_t  *pool = tap_pool();

    examples(pool);
    hosts();
    dates();
    strange(pool);

    tap_pool_free(pool);

    return tap_end();
}
