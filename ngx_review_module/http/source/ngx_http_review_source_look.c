
/* What a document from elsewhere is: a text or not, by its type and bytes. */

#include "http/source/ngx_http_review_source.h"
#include "http/request/ngx_http_review_work.h"

#include "review/base/base64.h"
#include "review/base/utf8.h"


/* it becomes a header of the converter's request */

/* a type that says nothing is as good as none */

ngx_int_t
ngx_http_review_source_look_set_type(ngx_http_review_source_t *source,
    u_char *data, size_t len)
{
    u_char  *p;

    static const char  octets[] = "application/octet-stream";
    static const char  binary[] = "binary/octet-stream";

    if (source->type.len || len == 0
        || !review_utf8_printable((char *) data, len)
        || (len >= sizeof(octets) - 1
            && ngx_strncasecmp(data, (u_char *) octets, sizeof(octets) - 1)
               == 0)
        || (len >= sizeof(binary) - 1
            && ngx_strncasecmp(data, (u_char *) binary, sizeof(binary) - 1)
               == 0))
    {
        return NGX_OK;
    }

    /* a thread reads it, which may outlive the request */

    p = ngx_pnalloc(source->work->pool, len);
    if (p == NULL) {
        source->nomem = 1;
        return NGX_ERROR;
    }

    source->type.data = ngx_cpymem(p, data, len) - len;
    source->type.len = len;

    return NGX_OK;
}


/* by the map "types", where nothing was told but a name */

void
ngx_http_review_source_look_guess_type(ngx_http_review_source_t *source)
{
    u_char                    *p, *last, exten[16];
    ngx_str_t                 *type;
    ngx_uint_t                 hash;
    ngx_http_core_loc_conf_t  *clcf;

    if (source->type.len || source->from == REVIEW_SOURCE_UPLOAD) {
        return;
    }

    last = (u_char *) source->name.data + source->name.len;

    if (source->from == REVIEW_SOURCE_URL) {
        for (p = (u_char *) source->name.data;
             p < last && *p != '?' && *p != '#';
             p++)
        { /* void */ }

        last = p;
    }

    for (p = last; p > (u_char *) source->name.data && p[-1] != '.'; p--) {

        if (p[-1] == '/' || last - p == sizeof(exten)) {
            return;
        }
    }

    clcf = ngx_http_get_module_loc_conf(source->owner->ctx->request,
                                        ngx_http_core_module);

    hash = ngx_hash_strlow(exten, p, last - p);
    type = ngx_hash_find(&clcf->types_hash, hash, exten, last - p);

    if (type && p > (u_char *) source->name.data) {
        source->type = *type;
    }
}


/* on a thread, as what follows until it has been looked at */

static int
ngx_http_review_source_look_decode(ngx_http_review_source_t *source)
{
    char          *p;
    size_t         size;
    review_str_t  *piece;

    p = review_alloc(source->raw->memory, source->size + 1);
    piece = ngx_array_push(&source->pieces);

    if (p == NULL || piece == NULL) {
        source->nomem = 1;
        return -1;
    }

    if (source->name.len % 4
        || review_base64_decode(p, source->name.data, source->name.len, &size)
           != 0)
    {
        source->broken = 1;
        return -1;
    }

    piece->data = p;
    piece->len = size;
    source->size = size;

    return 0;
}


/* the pieces in one */

static char *
ngx_http_review_source_look_join(ngx_http_review_source_t *source)
{
    char          *text, *p;
    ngx_uint_t     i;
    review_str_t  *piece;

    text = review_alloc(source->work->memory, source->size + 1);

    if (text == NULL) {
        source->nomem = 1;
        return NULL;
    }

    p = text;
    piece = source->pieces.elts;

    for (i = 0; i < source->pieces.nelts; i++) {
        ngx_memcpy(p, piece[i].data, piece[i].len);
        p += piece[i].len;
    }

    return text;
}


/* here nobody waits for memory to be given back */

static void
ngx_http_review_source_look_drop(ngx_http_review_source_t *source)
{
    ngx_uint_t     i;
    review_str_t  *piece;

    piece = source->pieces.elts;

    for (i = 0; i < source->pieces.nelts; i++) {
        (void) ngx_pfree(source->raw->pool, (void *) piece[i].data);
    }

    source->pieces.nelts = 0;
}


void
ngx_http_review_source_look(void *data)
{
    ngx_http_review_source_t *source = data;

    char                    *text;
    ngx_http_review_type_e   type;

    if (source->from == REVIEW_SOURCE_UPLOAD
        && ngx_http_review_source_look_decode(source) != 0)
    {
        return;
    }

    type = NGX_HTTP_REVIEW_TYPE_TEXT;

    if (source->type.len
        && (ngx_http_review_headers_media_type(&source->type, &type) != NGX_OK
            || type != NGX_HTTP_REVIEW_TYPE_TEXT))
    {
        return;
    }

    text = ngx_http_review_source_look_join(source);
    if (text == NULL) {
        return;
    }

    source->maybe = 1;
    source->valid = review_utf8_text(text, source->size);

    if (source->valid == source->size) {
        source->document.text.data = text;
        source->document.text.len = source->size;

        ngx_http_review_source_look_drop(source);

    } else {
        (void) ngx_pfree(source->work->pool, text);
    }
}
