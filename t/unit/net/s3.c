
/*
 * Proves that XML is read as stores write it and refused where it is none,
 * that keys are encoded as signatures want them, and that lists, errors and
 * ETags are understood.
 */

#include "tap.h"
#include "review/net/s3.h"
#include "review/net/xml.h"


static int
element(review_xml_t *x)
{
    return x->depth > REVIEW_XML_DEPTH ? -1 : 0;
}


/* in a block of its own length, for a sanitizer to see; no path: all of it */

static int
value(review_pool_t *pool, const char *xml, const char *path,
    review_str_t *text)
{
    int            rc;
    char          *copy;
    review_xml_t   x;

    copy = malloc(strlen(xml) + 1);
    memcpy(copy, xml, strlen(xml));
    copy = realloc(copy, strlen(xml) ? strlen(xml) : 1);

    x.element = element;

    rc = path ? review_s3_value(pool, copy, strlen(xml), path, text)
              : review_xml_read(&x, pool, copy, strlen(xml));

    free(copy);

    return rc;
}


static void
texts(review_pool_t *pool)
{
    size_t        i;
    review_str_t  text;

    static const struct {
        const char  *xml;
        const char  *text;
        const char  *name;
    } good[] = {
        { "<a><b>x</b></a>", "x", "text" },
        { "<a><b/></a>", "", "an empty element" },
        { "<a><b></b></a>", "", "an element without text" },
        { "\xef\xbb\xbf<?xml version=\"1.0\"?>\n<a> <b >x</b ></a>\n", "x",
          "a byte order mark, a declaration, white space" },
        { "<s:a xmlns:s='http://x/>'><s:b c=\"/s:b>\">x</s:b></s:a>", "x",
          "prefixes, attributes that look like tags" },
        { "<a><b>1 &lt;&gt;&amp;&quot;&apos; 2</b></a>", "1 <>&\"' 2",
          "references" },
        { "<a><b>&#20013;&#x6587;&#x1F600;&#10;</b></a>",
          "\xe4\xb8\xad\xe6\x96\x87\xf0\x9f\x98\x80\n",
          "references by number" },
        { "<a><b>x<![CDATA[<&amp;]]>y</b></a>", "x<&amp;y", "CDATA" },
        { "<a><!-- <b>no</b> --><b>x<!-- - -->y</b></a>", "xy", "comments" },
        { "<a><c><b>no</b></c><b>x</b></a>", "x", "only the right path" },
        { "<a>t<b>x</b>u</a>", "x", "text beside of elements" },
        { " \n<?xml version=\"1.0\"?><a><b>x</b></a>", "x",
          "white space, by which a store keeps a connection" },
        { "<?xml version='1.0' encoding='latin1'?><a><b>\xc3\xa4</b></a>",
          "\xc3\xa4", "another encoding that it claims" },
        { "<a><b>x</b><c>", "x", "an end that is missing behind it" }
    };

    static const char *const bad[] = {
        "", " ", "x", "<", "<a", "<a>", "<a/", "</a>", "<a></b>", "<a></a",
        "<a>&", "<a>&nix;</a>", "<a>&#0;</a>", "<a>&#xd800;</a>",
        "<a>&#x110000;</a>", "<a>&#99999999999999;</a>", "<a>&#;</a>",
        "<a>&#x;</a>", "<a b='>", "<a <b/>", "<a/><b/>", "x<a/>", "&lt;<a/>",
        "<!DOCTYPE a [<!ENTITY b 'c'>]><a/>", "<a><!-- ", "<a><![CDATA[",
        "<a><![CDATA[]]", "<?xml", "<>", "< a/>", "<a><></a>", "<a>",
        "<![CDATA[x]]><a/>", "<a>\xff</a>", "<a>&#1;</a>", "<a b=\"<\"/>",
        "<a b='1' b='2'/>", "<a><!-- -- --></a>",
        "<!DOCTYPE a SYSTEM 'file:///etc/passwd'><a/>",
        "<!DOCTYPE a [<!ENTITY b 'c'>]><a>&b;</a>"
    };

    for (i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
        memset(&text, 0, sizeof(text));
        ok(value(pool, good[i].xml, "a/b", &text) == 0, "%s", good[i].name);
        is_str(text, good[i].text, "%s: the text", good[i].name);
    }

    for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        ok(value(pool, bad[i], NULL, &text) == -1, "not XML: %s", bad[i]);
    }
}


static void
bounds(review_pool_t *pool)
{
    int           i, opened;
    char          name[REVIEW_XML_PATH + 1];
    review_xml_t  x;
    review_buf_t  b;

    x.element = element;

    for (i = 0; i < 2; i++) {
        review_buf_init(&b, pool, 0);

        for (opened = 0; opened < REVIEW_XML_DEPTH + i; opened++) {
            review_buf_puts(&b, "<a>");
        }

        while (opened--) {
            review_buf_puts(&b, "</a>");
        }

        ok(review_xml_read(&x, pool, b.data, b.len) == (i ? -1 : 0),
           "depth %d is %s", REVIEW_XML_DEPTH + i, i ? "refused" : "read");

        review_buf_init(&b, pool, 0);

        memset(name, 'a', sizeof(name));
        name[REVIEW_XML_PATH - 1 + i] = '\0';

        review_buf_puts(&b, "<");
        review_buf_puts(&b, name);
        review_buf_puts(&b, "/>");

        ok(review_xml_read(&x, pool, b.data, b.len) == (i ? -1 : 0),
           "a name of %zu bytes is %s", strlen(name), i ? "refused" : "read");
    }
}


static void
encode(review_pool_t *pool, const char *key, int path, const char *expected)
{
    review_buf_t  b;

    review_buf_init(&b, pool, 0);
    review_s3_encode(&b, key, strlen(key), path);

    is_str(b, expected, "\"%s\" encoded", key);
}


static void
lists(review_pool_t *pool)
{
    review_buf_t      b;
    review_s3_list_t  list;

    static const char  xml[] =
        "<?xml version=\"1.0\"?><ListBucketResult xmlns=\"http://s3\">"
        "<Name>b</Name><Prefix>no</Prefix><IsTruncated>true</IsTruncated>"
        "<NextContinuationToken>t&amp;1</NextContinuationToken>"
        "<Contents><Key>a+b%2B%25%E6%96%87%zz</Key><Size>12</Size>"
        "<ETag>&quot;e1&quot;</ETag><LastModified>2026</LastModified>"
        "<Owner><ID>Key</ID></Owner></Contents>"
        "<Contents><Key>c</Key><Size>1844674407370955161699</Size></Contents>"
        "<CommonPrefixes><Prefix>d%2F</Prefix></CommonPrefixes>"
        "<EncodingType>url</EncodingType></ListBucketResult>";

    static const char  plain[] =
        "<ListBucketResult><Contents><Key>a+b%20</Key></Contents>"
        "</ListBucketResult>";

    ok(review_s3_list(pool, xml, sizeof(xml) - 1, &list) == 0
       && list.nobjects == 2 && list.nprefixes == 1 && list.truncated,
       "a list");
    is_str(list.objects[0].key, "a b+%\xe6\x96\x87%zz", "a key, decoded");
    is_str(list.objects[0].etag, "e1", "an ETag");
    ok(list.objects[0].size == 12 && list.objects[0].modified.len == 4,
       "size and time");
    is_str(list.prefixes[0], "d/", "a prefix");
    is_str(list.next, "t&1", "where it goes on");

    review_buf_init(&b, pool, 0);
    review_s3_list_json(&b, &list);

    is_str(b, "{\"objects\":[{\"key\":\"a b+%\xe6\x96\x87%zz\",\"size\":12,"
           "\"etag\":\"e1\",\"last_modified\":\"2026\"},"
           "{\"key\":\"c\",\"size\":1844674407370955161,\"etag\":\"\","
           "\"last_modified\":\"\"}],\"prefixes\":[\"d/\"],"
           "\"truncated\":true,\"next\":\"t&1\"}", "as JSON");

    ok(review_s3_list(pool, plain, sizeof(plain) - 1, &list) == 0
       && list.nobjects == 1 && !list.truncated, "another list");
    is_str(list.objects[0].key, "a+b%20", "a key that is not encoded");

    ok(review_s3_list(pool, "<Error/>", 8, &list) == -1, "not a list");
    ok(review_s3_list(pool, xml, sizeof(xml) - 20, &list) == -1,
       "a list that was cut");
}


static void
etags(review_pool_t *pool)
{
    int            i;
    unsigned char  md5[16];
    review_buf_t   b;
    review_str_t   parts[2] = { review_string("\"e&1\""), review_string("<>") };

    static const char  hex[] = "\"000102030405060708090a0B0c0d0e0f\"";
    static const char  many[] = "\"000102030405060708090a0b0c0d0e0f-12\"";

    for (i = 0; i < 16; i++) {
        md5[i] = i;
    }

#define etag(text, parts)  review_s3_etag(text, strlen(text), md5, parts)

    ok(etag(hex, 0) == 1, "an ETag");
    ok(review_s3_etag(hex + 1, 32, md5, 0) == 1, "without quotes");
    ok(etag(many, 12) == 1, "of parts");
    ok(etag(many, 11) == -1, "of another number of parts");
    ok(etag(many, 0) == 0 && etag(hex, 12) == 0, "of another form");
    ok(etag("", 0) == 0 && etag("\"", 0) == 0 && etag("\"\"", 1) == 0
       && etag("000102030405060708090a0b0c0d0e0g", 0) == 0, "none");

    md5[15] = 0;

    ok(etag(hex, 0) == -1 && etag(many, 12) == -1, "of something else");

    review_buf_init(&b, pool, 0);
    review_s3_complete(&b, parts, 2);

    is_str(b, "<CompleteMultipartUpload><Part><PartNumber>1</PartNumber>"
           "<ETag>&quot;e&amp;1&quot;</ETag></Part><Part><PartNumber>2"
           "</PartNumber><ETag>&lt;&gt;</ETag></Part>"
           "</CompleteMultipartUpload>", "an upload is completed");
}


static void
errors_of_stores(void)
{
    size_t        i;
    review_str_t  code;

    static const struct {
        const char         *name;
        review_s3_error_e   error;
    } errors[] = {
        { "NoSuchBucket", REVIEW_S3_NO_BUCKET },
        { "NoSuchUpload", REVIEW_S3_NO_UPLOAD },
        { "EntityTooLarge", REVIEW_S3_TOO_LARGE },
        { "InvalidRange", REVIEW_S3_BAD_REQUEST },
        { "SlowDown", REVIEW_S3_BUSY },
        { "NoSuchKey", REVIEW_S3_OTHER },
        { "SlowDownNow", REVIEW_S3_OTHER },
        { "", REVIEW_S3_OTHER }
    };

    for (i = 0; i < sizeof(errors) / sizeof(errors[0]); i++) {
        code.data = errors[i].name;
        code.len = strlen(errors[i].name);
        ok(review_s3_error(&code) == errors[i].error, "error \"%s\"",
           errors[i].name);
    }
}


int
main(void)
{
    review_pool_t  *pool;

    pool = tap_pool();

    texts(pool);
    bounds(pool);

    encode(pool, "a/b c+d%.txt~-_", 1, "a/b%20c%2Bd%25.txt~-_");
    encode(pool, "a/b", 0, "a%2Fb");
    encode(pool, "\xe6\x8a\x95\xe6\xa0\x87/&?#=", 1,
           "%E6%8A%95%E6%A0%87/%26%3F%23%3D");
    encode(pool, "", 1, "");

    lists(pool);
    etags(pool);
    errors_of_stores();

    tap_pool_free(pool);

    return tap_end();
}
