
/* Transfers: what libcurl is told of them, and what it calls back. */

#include "http/transfer/ngx_http_review_easy.h"


/*
 * How long a server may take for "100 Continue".  libcurl asks for it before
 * large bodies, and can't be told not to: an empty "Expect:" would be signed.
 */

#define NGX_HTTP_REVIEW_CURL_CONTINUE   200

/* of a transfer, each way */

#define NGX_HTTP_REVIEW_CURL_BUFFER     (32 * 1024)


static void
ngx_http_review_easy_pause(ngx_http_review_easy_t *own)
{
    own->paused = 1;

    if (own->silence.timer_set) {
        ngx_del_timer(&own->silence);
    }
}


/* the final response's headers: those of redirects are gone by then */

ngx_int_t
ngx_http_review_easy_headers(ngx_http_review_easy_t *own)
{
    long                         status;
    ngx_str_t                    name, value;
    struct curl_header          *h;
    ngx_http_review_transfer_t  *t;

    own->headed = 1;

    t = own->transfer;
    status = 0;

    curl_easy_getinfo(own->easy, CURLINFO_RESPONSE_CODE, &status);
    t->status = status;

    if (t->header == NULL) {
        return NGX_OK;
    }

    h = NULL;

    while ((h = curl_easy_nextheader(own->easy, CURLH_HEADER, -1, h))) {

        name.data = (u_char *) h->name;
        name.len = ngx_strlen(h->name);
        value.data = (u_char *) h->value;
        value.len = ngx_strlen(h->value);

        if (t->header(t, &name, &value) != NGX_OK || own->transfer == NULL) {
            own->stopped = 1;
            return NGX_ERROR;
        }
    }

    return NGX_OK;
}


/* libcurl takes a head that is cut for one that has ended */

static size_t
ngx_http_review_easy_line(char *data, size_t size, size_t n, void *user)
{
    ngx_http_review_easy_t *own = user;

    if (*data == '\r' || *data == '\n') {
        own->told = 1;

    } else if (n * size > 5 && ngx_strncmp(data, "HTTP/", 5) == 0) {
        own->told = 0;
    }

    return n * size;
}


static size_t
ngx_http_review_easy_write(char *data, size_t size, size_t n, void *user)
{
    ngx_http_review_easy_t *own = user;

    ngx_int_t  rc;

    n *= size;

    if (own->transfer == NULL
        || (!own->headed && ngx_http_review_easy_headers(own) != NGX_OK))
    {
        return CURL_WRITEFUNC_ERROR;
    }

    rc = n ? own->transfer->body(own->transfer, (u_char *) data, n) : NGX_OK;

    if (rc == NGX_OK && own->transfer) {
        own->transfer->received += n;
        return n;
    }

    if (rc == NGX_AGAIN && own->transfer) {
        ngx_http_review_easy_pause(own);
        return CURL_WRITEFUNC_PAUSE;
    }

    own->stopped = 1;

    return CURL_WRITEFUNC_ERROR;
}


static size_t
ngx_http_review_easy_read(char *buf, size_t size, size_t n, void *user)
{
    ngx_http_review_easy_t *own = user;

    ssize_t  rc;

    rc = own->transfer && own->transfer->read
         ? own->transfer->read(own->transfer, (u_char *) buf, size * n)
         : NGX_ERROR;

    if (rc >= 0 && own->transfer) {
        return rc;
    }

    if (rc == NGX_AGAIN && own->transfer) {
        ngx_http_review_easy_pause(own);
        return CURL_READFUNC_PAUSE;
    }

    own->stopped = 1;

    return CURL_READFUNC_ABORT;
}


static int
ngx_http_review_easy_progress(void *user, curl_off_t dltotal, curl_off_t dlnow,
    curl_off_t ultotal, curl_off_t ulnow)
{
    ngx_http_review_easy_t *own = user;

    if (own->transfer == NULL) {
        return 1;
    }

    if (own->moved != dlnow + ulnow) {
        own->moved = dlnow + ulnow;

        if (!own->paused && own->transfer->timeout) {
            ngx_add_timer(&own->silence, own->transfer->timeout);
        }
    }

    return 0;
}


static curl_socket_t
ngx_http_review_easy_open(void *user, curlsocktype purpose,
    struct curl_sockaddr *address)
{
    ngx_http_review_easy_t *own = user;

    curl_socket_t  fd;

    if (own->transfer == NULL) {
        return CURL_SOCKET_BAD;
    }

    if (own->transfer->allowed
        && !own->transfer->allowed(own->transfer, &address->addr))
    {
        own->forbidden = 1;
        return CURL_SOCKET_BAD;
    }

    fd = socket(address->family, address->socktype | SOCK_CLOEXEC,
                address->protocol);

    if (fd != CURL_SOCKET_BAD && own->opened(fd) != NGX_OK) {
        (void) close(fd);
        return CURL_SOCKET_BAD;
    }

    return fd;
}


/* a connection that is used again may have been opened by another's rules */

static int
ngx_http_review_easy_connected(void *user, char *address, char *local,
    int port, int local_port)
{
    ngx_http_review_easy_t *own = user;

    struct sockaddr_in   sin;
    struct sockaddr_in6  sin6;
    struct sockaddr     *sockaddr;

    if (own->transfer == NULL) {
        return CURL_PREREQFUNC_ABORT;
    }

    if (own->transfer->allowed == NULL) {
        return CURL_PREREQFUNC_OK;
    }

    ngx_memzero(&sin, sizeof(sin));
    ngx_memzero(&sin6, sizeof(sin6));

    sockaddr = NULL;

    if (inet_pton(AF_INET, address, &sin.sin_addr) == 1) {
        sin.sin_family = AF_INET;
        sin.sin_port = htons((in_port_t) port);
        sockaddr = (struct sockaddr *) &sin;

    } else if (inet_pton(AF_INET6, address, &sin6.sin6_addr) == 1) {
        sin6.sin6_family = AF_INET6;
        sin6.sin6_port = htons((in_port_t) port);
        sockaddr = (struct sockaddr *) &sin6;
    }

    if (sockaddr && own->transfer->allowed(own->transfer, sockaddr)) {
        return CURL_PREREQFUNC_OK;
    }

    own->forbidden = 1;

    return CURL_PREREQFUNC_ABORT;
}


static review_code_t
ngx_http_review_easy_why(ngx_http_review_easy_t *own, CURLcode code)
{
    if (own->stopped && code != CURLE_OK) {
        return REVIEW_CODE_STOPPED;
    }

    if (own->forbidden && code != CURLE_OK) {
        return REVIEW_CODE_ADDRESS_NOT_ALLOWED;
    }

    switch (code) {

    case CURLE_OK:
        return REVIEW_CODE_OK;

    case CURLE_COULDNT_RESOLVE_HOST:
    case CURLE_COULDNT_CONNECT:
    case CURLE_SSL_CONNECT_ERROR:
    case CURLE_SSL_CERTPROBLEM:
    case CURLE_SSL_CIPHER:
    case CURLE_SSL_CACERT_BADFILE:
    case CURLE_SSL_ISSUER_ERROR:
    case CURLE_PEER_FAILED_VERIFICATION:
        return REVIEW_CODE_CONNECT;

    case CURLE_OPERATION_TIMEDOUT:
        return REVIEW_CODE_TIMEOUT;

    case CURLE_SEND_ERROR:
    case CURLE_RECV_ERROR:
    case CURLE_GOT_NOTHING:
    case CURLE_PARTIAL_FILE:
    case CURLE_SEND_FAIL_REWIND:
        return REVIEW_CODE_CUT;

    default:
        return REVIEW_CODE_FAILED;
    }
}


static const char *
ngx_http_review_easy_message(ngx_http_review_easy_t *own, CURLcode code)
{
    if (code == CURLE_OK) {
        return "";
    }

    if (own->lost) {
        return "worker_connections are not enough";
    }

    if (own->forbidden) {
        return review_code_sentence(REVIEW_CODE_ADDRESS_NOT_ALLOWED);
    }

    return own->error[0] ? own->error : curl_easy_strerror(code);
}


void
ngx_http_review_easy_result(ngx_http_review_easy_t *own, CURLcode code)
{
    long                         status;
    ngx_http_review_transfer_t  *t;

    t = own->transfer;

    status = 0;
    curl_easy_getinfo(own->easy, CURLINFO_RESPONSE_CODE, &status);

    t->status = status;
    t->result = ngx_http_review_easy_why(own, code);

    ngx_cpystrn((u_char *) t->message,
                (u_char *) ngx_http_review_easy_message(own, code),
                sizeof(t->message));
}


/* a text with a zero behind it; it may be a secret */

static CURLcode
ngx_http_review_easy_set_text(CURL *easy, CURLoption option, ngx_str_t *text)
{
    char      *p;
    CURLcode   code;

    if (ngx_strlchr(text->data, text->data + text->len, '\0')) {
        return CURLE_BAD_FUNCTION_ARGUMENT;
    }

    p = ngx_alloc(text->len + 1, ngx_cycle->log);
    if (p == NULL) {
        return CURLE_OUT_OF_MEMORY;
    }

    ngx_memcpy(p, text->data, text->len);
    p[text->len] = '\0';

    code = curl_easy_setopt(easy, option, p);

    ngx_explicit_memzero(p, text->len);
    ngx_free(p);

    return code;
}


static ngx_int_t
ngx_http_review_easy_add_header(ngx_http_review_easy_t *own, ngx_str_t *name,
    ngx_str_t *value)
{
    u_char             *p;
    size_t              i;
    ngx_str_t           line;
    struct curl_slist  *list;

    if (value->len == 0) {
        return NGX_ERROR;
    }

    line.len = name->len + sizeof(": ") - 1 + value->len;

    line.data = ngx_alloc(line.len + 1, ngx_cycle->log);
    if (line.data == NULL) {
        return NGX_ERROR;
    }

    p = ngx_sprintf(line.data, "%V: %V%Z", name, value);
    line.len = p - 1 - line.data;
    list = NULL;

    for (i = 0; i < line.len; i++) {

        if (line.data[i] == '\0' || line.data[i] == CR || line.data[i] == LF) {
            goto done;
        }
    }

    list = curl_slist_append(own->headers, (char *) line.data);

done:

    ngx_free(line.data);

    if (list == NULL) {
        return NGX_ERROR;
    }

    own->headers = list;

    return NGX_OK;
}


static ngx_int_t
ngx_http_review_easy_set_headers(ngx_http_review_easy_t *own)
{
    ngx_uint_t                          i;
    ngx_http_review_transfer_t         *t;
    ngx_http_review_transfer_header_t  *h;

    t = own->transfer;
    h = t->headers;

    for (i = 0; i < t->nheaders; i++) {
        if (ngx_http_review_easy_add_header(own, &h[i].name, &h[i].value)
            != NGX_OK)
        {
            return NGX_ERROR;
        }
    }

    return curl_easy_setopt(own->easy, CURLOPT_HTTPHEADER, own->headers)
           == CURLE_OK ? NGX_OK : NGX_ERROR;
}


#define set(option, value)                                                    \
    if (curl_easy_setopt(easy, option, value) != CURLE_OK) {                  \
        return NGX_ERROR;                                                     \
    }

#define set_text(option, value)                                               \
    if (ngx_http_review_easy_set_text(easy, option, value) != CURLE_OK) {     \
        return NGX_ERROR;                                                     \
    }


static ngx_int_t
ngx_http_review_easy_sign(CURL *easy, ngx_http_review_transfer_t *t)
{
    u_char     buf[128], *p;
    ngx_str_t  provider;

    p = ngx_snprintf(buf, sizeof(buf), "aws:amz:%V:s3", &t->region);

    provider.data = buf;
    provider.len = p - buf;

    set_text(CURLOPT_AWS_SIGV4, &provider);
    set_text(CURLOPT_USERNAME, &t->access_key);
    set_text(CURLOPT_PASSWORD, &t->secret_key);

    return NGX_OK;
}


static ngx_int_t
ngx_http_review_easy_method(CURL *easy, ngx_http_review_transfer_t *t)
{
    if (t->upload >= 0) {
        set(CURLOPT_UPLOAD, 1L);
        set(CURLOPT_INFILESIZE_LARGE, (curl_off_t) t->upload);
        set(CURLOPT_CUSTOMREQUEST, t->method);

    } else if (ngx_strcmp(t->method, "HEAD") == 0) {
        set(CURLOPT_NOBODY, 1L);

    } else if (ngx_strcmp(t->method, "GET") != 0) {
        set(CURLOPT_CUSTOMREQUEST, t->method);
    }

    return NGX_OK;
}


/* nothing that a user's environment or files say, and no other protocols */

static ngx_int_t
ngx_http_review_easy_manners(CURL *easy, ngx_http_review_transfer_t *t)
{
    set(CURLOPT_NOSIGNAL, 1L);
    set(CURLOPT_QUICK_EXIT, 1L);
    set(CURLOPT_NETRC, (long) CURL_NETRC_IGNORED);
    set(CURLOPT_PROXY, "");
    set(CURLOPT_PROTOCOLS_STR, "http,https");
    set(CURLOPT_REDIR_PROTOCOLS_STR, "http,https");
    set(CURLOPT_HTTP_VERSION, (long) CURL_HTTP_VERSION_1_1);
    set(CURLOPT_HTTP_CONTENT_DECODING, 0L);
    set(CURLOPT_SUPPRESS_CONNECT_HEADERS, 1L);
    set(CURLOPT_BUFFERSIZE, (long) NGX_HTTP_REVIEW_CURL_BUFFER);
    set(CURLOPT_UPLOAD_BUFFERSIZE, (long) NGX_HTTP_REVIEW_CURL_BUFFER);
    set(CURLOPT_CONNECTTIMEOUT_MS, (long) t->connect_timeout);
    set(CURLOPT_EXPECT_100_TIMEOUT_MS, (long) NGX_HTTP_REVIEW_CURL_CONTINUE);
    set(CURLOPT_FOLLOWLOCATION, 0L);

    return NGX_OK;
}


ngx_int_t
ngx_http_review_easy_init(ngx_http_review_easy_t *own,
    ngx_http_review_easy_opened_pt opened)
{
    CURL                        *easy;
    ngx_http_review_transfer_t  *t;

    easy = curl_easy_init();
    if (easy == NULL) {
        return NGX_ERROR;
    }

    own->easy = easy;
    own->opened = opened;
    t = own->transfer;

    set(CURLOPT_PRIVATE, own);
    set(CURLOPT_ERRORBUFFER, own->error);
    set_text(CURLOPT_URL, &t->url);

    set(CURLOPT_WRITEFUNCTION, ngx_http_review_easy_write);
    set(CURLOPT_WRITEDATA, own);
    set(CURLOPT_HEADERFUNCTION, ngx_http_review_easy_line);
    set(CURLOPT_HEADERDATA, own);
    set(CURLOPT_READFUNCTION, ngx_http_review_easy_read);
    set(CURLOPT_READDATA, own);
    set(CURLOPT_XFERINFOFUNCTION, ngx_http_review_easy_progress);
    set(CURLOPT_XFERINFODATA, own);
    set(CURLOPT_NOPROGRESS, 0L);
    set(CURLOPT_OPENSOCKETFUNCTION, ngx_http_review_easy_open);
    set(CURLOPT_OPENSOCKETDATA, own);
    set(CURLOPT_PREREQFUNCTION, ngx_http_review_easy_connected);
    set(CURLOPT_PREREQDATA, own);

    if (ngx_http_review_easy_manners(easy, t) != NGX_OK
        || ngx_http_review_easy_method(easy, t) != NGX_OK
        || ngx_http_review_easy_set_headers(own) != NGX_OK)
    {
        return NGX_ERROR;
    }

    if (t->region.len) {
        return ngx_http_review_easy_sign(easy, t);
    }

    /* libcurl 8 does not sign what is sent as it is; keys have no dot parts */

    set(CURLOPT_PATH_AS_IS, 1L);

    return NGX_OK;
}
