
/*
 * libexpat with all doors closed: see xml.h.  It salts its hashes by itself.
 * Its allocator is told of no pool, so its memory is its own, and is freed
 * before we return.
 */

#include <expat.h>
#include <limits.h>
#include <stdio.h>

#include "review/net/xml.h"
#include "review/json/scan.h"


static void
review_xml_stop(review_xml_t *x)
{
    x->stopped = 1;
    (void) XML_StopParser(x->parser, XML_FALSE);
}


static void
review_xml_open(void *data, const char *name, const char **attributes)
{
    review_xml_t *x = data;

    int          n;
    size_t       len;
    const char  *local;

    (void) attributes;

    local = strrchr(name, ':');
    len = strlen(x->path);

    n = snprintf(x->path + len, sizeof(x->path) - len, "%s%s",
                 x->depth ? "/" : "", local ? local + 1 : name);

    if (x->depth++ == REVIEW_XML_DEPTH
        || n < 0 || (size_t) n >= sizeof(x->path) - len)
    {
        review_xml_stop(x);
        return;
    }

    /* text in front of an element is nobody's */

    x->texts.len = x->start;
    x->leaf = 1;
}


static void
review_xml_close(void *data, const char *name)
{
    review_xml_t *x = data;

    char  *slash;

    (void) name;

    /* expat tells of the end of an empty element even if it has to stop */

    if (x->stopped) {
        return;
    }

    x->text.len = x->leaf ? x->texts.len - x->start : 0;
    x->text.data = x->text.len ? x->texts.data + x->start : "";

    if (x->texts.failed || x->element(x) != 0) {
        review_xml_stop(x);
        return;
    }

    x->start += x->text.len;
    x->texts.len = x->start;
    x->leaf = 0;
    x->depth--;

    slash = strrchr(x->path, '/');
    *(slash ? slash : x->path) = '\0';
}


static void
review_xml_text(void *data, const char *text, int len)
{
    review_xml_t *x = data;

    if (x->leaf) {
        review_buf_add(&x->texts, text, len);
    }
}


/* before anything in it is looked at */

static void
review_xml_doctype(void *data, const char *name, const char *system,
    const char *public, int internal)
{
    (void) name;
    (void) system;
    (void) public;
    (void) internal;

    review_xml_stop(data);
}


int
review_xml_read(review_xml_t *x, review_pool_t *pool, const char *data,
    size_t len)
{
    XML_Parser       parser;
    const char      *last;
    enum XML_Status  status;

    /* a store that takes its time sends white space first */

    last = data + len;
    review_scan_space(&data, last);
    len = last - data;

    parser = len < INT_MAX ? XML_ParserCreate("UTF-8") : NULL;
    if (parser == NULL) {
        return -1;
    }

    x->path[0] = '\0';
    x->parser = parser;
    x->start = 0;
    x->depth = 0;
    x->leaf = 0;
    x->stopped = 0;

    review_buf_init(&x->texts, pool, len);

    XML_SetUserData(parser, x);
    XML_SetElementHandler(parser, review_xml_open, review_xml_close);
    XML_SetCharacterDataHandler(parser, review_xml_text);
    XML_SetStartDoctypeDeclHandler(parser, review_xml_doctype);

    status = XML_Parse(parser, data, (int) len, XML_TRUE);

    XML_ParserFree(parser);

    return status == XML_STATUS_OK ? 0 : -1;
}
