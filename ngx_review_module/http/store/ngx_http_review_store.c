
/*
 * "review_store": where an object store is, and its keys.  No message tells a
 * key, nor what may be one in the wrong place.
 */

#include "http/store/ngx_http_review_store.h"

#include "review/net/url.h"


#define NGX_HTTP_REVIEW_STORE_KEY   4096    /* a file with a key, at most */


typedef struct {
    ngx_http_review_store_t    *store;
    ngx_uint_t                  region;     /* was set */
    ngx_uint_t                  timeout;
    ngx_uint_t                  connect_timeout;
} ngx_http_review_store_block_t;


typedef char *(*ngx_http_review_store_pt)(ngx_conf_t *cf, ngx_str_t *value,
    ngx_http_review_store_block_t *block);


static char *ngx_http_review_store_line(ngx_conf_t *cf, ngx_command_t *cmd,
    void *conf);
static char *ngx_http_review_store_endpoint(ngx_conf_t *cf, ngx_str_t *value,
    ngx_http_review_store_block_t *block);
static char *ngx_http_review_store_region(ngx_conf_t *cf, ngx_str_t *value,
    ngx_http_review_store_block_t *block);
static char *ngx_http_review_store_bucket(ngx_conf_t *cf, ngx_str_t *value,
    ngx_http_review_store_block_t *block);
static char *ngx_http_review_store_access(ngx_conf_t *cf, ngx_str_t *value,
    ngx_http_review_store_block_t *block);
static char *ngx_http_review_store_secret(ngx_conf_t *cf, ngx_str_t *value,
    ngx_http_review_store_block_t *block);
static char *ngx_http_review_store_timeout(ngx_conf_t *cf, ngx_str_t *value,
    ngx_http_review_store_block_t *block);
static char *ngx_http_review_store_connect_timeout(ngx_conf_t *cf,
    ngx_str_t *value, ngx_http_review_store_block_t *block);
static char *ngx_http_review_store_key(ngx_conf_t *cf, ngx_str_t *value,
    ngx_str_t *key);


static struct {
    ngx_str_t                 name;
    ngx_http_review_store_pt  set;
} ngx_http_review_store_params[] = {
    { ngx_string("endpoint"), ngx_http_review_store_endpoint },
    { ngx_string("region"), ngx_http_review_store_region },
    { ngx_string("bucket"), ngx_http_review_store_bucket },
    { ngx_string("access_key"), ngx_http_review_store_access },
    { ngx_string("access_key_file"), ngx_http_review_store_access },
    { ngx_string("access_key_env"), ngx_http_review_store_access },
    { ngx_string("secret_key"), ngx_http_review_store_secret },
    { ngx_string("secret_key_file"), ngx_http_review_store_secret },
    { ngx_string("secret_key_env"), ngx_http_review_store_secret },
    { ngx_string("timeout"), ngx_http_review_store_timeout },
    { ngx_string("connect_timeout"), ngx_http_review_store_connect_timeout },
    { ngx_null_string, NULL }
};


ngx_http_review_store_t *
ngx_http_review_store_find(ngx_http_review_store_main_conf_t *smcf,
    ngx_str_t *name)
{
    ngx_uint_t                 i;
    ngx_http_review_store_t  **store;

    store = smcf->stores.elts;

    for (i = 0; i < smcf->stores.nelts; i++) {

        if (store[i]->name.len == name->len
            && ngx_strncmp(store[i]->name.data, name->data, name->len) == 0)
        {
            return store[i];
        }
    }

    return NULL;
}


static char *
ngx_http_review_store_check(ngx_conf_t *cf, ngx_http_review_store_t *store)
{
    ngx_uint_t  i;

    struct {
        ngx_str_t   *value;
        const char  *name;
    } required[] = {
        { &store->endpoint, "endpoint" },
        { &store->bucket, "bucket" },
        { &store->access_key, "access_key" },
        { &store->secret_key, "secret_key" }
    };

    for (i = 0; i < sizeof(required) / sizeof(required[0]); i++) {

        if (required[i].value->len == 0) {
            ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                               "no \"%s\" is set in \"review_store\" \"%V\"",
                               required[i].name, &store->name);
            return NGX_CONF_ERROR;
        }
    }

    return NGX_CONF_OK;
}


char *
ngx_http_review_store(ngx_conf_t *cf, ngx_command_t *cmd, void *conf)
{
    ngx_http_review_store_main_conf_t *smcf = conf;

    char                           *rv;
    ngx_str_t                      *value;
    ngx_conf_t                      save;
    ngx_http_review_store_t        *store, **slot;
    ngx_http_review_store_block_t   block;

    value = cf->args->elts;

    if (value[1].len == 0) {
        return "needs a name";
    }

    if (ngx_http_review_store_find(smcf, &value[1])) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "duplicate \"review_store\" \"%V\"", &value[1]);
        return NGX_CONF_ERROR;
    }

    store = ngx_pcalloc(cf->pool, sizeof(ngx_http_review_store_t));
    slot = ngx_array_push(&smcf->stores);

    if (store == NULL || slot == NULL) {
        return NGX_CONF_ERROR;
    }

    *slot = store;

    store->name = value[1];
    store->timeout = 60000;
    store->connect_timeout = 5000;
    ngx_str_set(&store->region, "us-east-1");

    ngx_memzero(&block, sizeof(ngx_http_review_store_block_t));
    block.store = store;

    save = *cf;
    cf->handler = ngx_http_review_store_line;
    cf->handler_conf = (void *) &block;

    rv = ngx_conf_parse(cf, NULL);

    *cf = save;

    return rv == NGX_CONF_OK ? ngx_http_review_store_check(cf, store) : rv;
}


/* a name that is none may be a key that stands in the wrong place */

static ngx_uint_t
ngx_http_review_store_may_be_told(ngx_str_t *name)
{
    size_t  i;

    for (i = 0; i < name->len; i++) {

        if ((name->data[i] < 'a' || name->data[i] > 'z')
            && name->data[i] != '_')
        {
            return 0;
        }
    }

    return name->len <= sizeof("access_key_files");
}


static char *
ngx_http_review_store_line(ngx_conf_t *cf, ngx_command_t *cmd, void *conf)
{
    ngx_http_review_store_block_t *block = conf;

    char        *rv;
    ngx_str_t   *value, *name;
    ngx_uint_t   i;

    value = cf->args->elts;

    for (i = 0; ngx_http_review_store_params[i].set; i++) {
        name = &ngx_http_review_store_params[i].name;

        if (value[0].len != name->len
            || ngx_strncmp(value[0].data, name->data, name->len) != 0)
        {
            continue;
        }

        if (cf->args->nelts != 2 || value[1].len == 0) {
            ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                               "\"%V\" takes one value: is a \";\" missing?",
                               name);
            return NGX_CONF_ERROR;
        }

        rv = ngx_http_review_store_params[i].set(cf, &value[1], block);

        if (rv != NGX_CONF_OK && rv != NGX_CONF_ERROR) {
            ngx_conf_log_error(NGX_LOG_EMERG, cf, 0, "\"%V\" %s", name, rv);
            return NGX_CONF_ERROR;
        }

        return rv;
    }

    if (ngx_http_review_store_may_be_told(&value[0])) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "unknown parameter \"%V\" in \"review_store\"",
                           &value[0]);
        return NGX_CONF_ERROR;
    }

    return "unknown parameter in \"review_store\"";
}


static char *
ngx_http_review_store_endpoint(ngx_conf_t *cf, ngx_str_t *value,
    ngx_http_review_store_block_t *block)
{
    review_url_t    url;
    review_pool_t  *pool;

    if (block->store->endpoint.len) {
        return "is duplicate";
    }

    pool = ngx_http_review_pool(cf->pool);
    if (pool == NULL) {
        return NGX_CONF_ERROR;
    }

    switch (review_url_parse(pool, (char *) value->data, value->len, &url)) {

    case REVIEW_URL_OK:
        break;

    case REVIEW_URL_SCHEME:
        return "must begin with \"http://\" or \"https://\"";

    case REVIEW_URL_MEMORY:
        return NGX_CONF_ERROR;

    default:
        /* user information would be a secret: nothing of the URL is told */
        return "must be a URL like \"http://127.0.0.1:9000\"";
    }

    if (memchr(url.path.data, '?', url.path.len)
        || memchr(value->data, '#', value->len))
    {
        return "must be a URL without arguments";
    }

    while (url.text.data[url.text.len - 1] == '/') {
        url.text.len--;
    }

    block->store->endpoint.data = (u_char *) url.text.data;
    block->store->endpoint.len = url.text.len;

    return NGX_CONF_OK;
}


static char *
ngx_http_review_store_region(ngx_conf_t *cf, ngx_str_t *value,
    ngx_http_review_store_block_t *block)
{
    size_t  i;

    if (block->region) {
        return "is duplicate";
    }

    for (i = 0; i < value->len; i++) {
        u_char  c = value->data[i];

        if (((c | 0x20) < 'a' || (c | 0x20) > 'z') && (c < '0' || c > '9')
            && c != '-' && c != '_')
        {
            return "must be of letters, digits and \"-\"";
        }
    }

    if (value->len > 63) {
        return "is too long";
    }

    block->region = 1;
    block->store->region = *value;

    return NGX_CONF_OK;
}


static char *
ngx_http_review_store_bucket(ngx_conf_t *cf, ngx_str_t *value,
    ngx_http_review_store_block_t *block)
{
    size_t  i;

    if (block->store->bucket.len) {
        return "is duplicate";
    }

    for (i = 0; i < value->len; i++) {
        u_char  c = value->data[i];

        if (((c | 0x20) < 'a' || (c | 0x20) > 'z') && (c < '0' || c > '9')
            && c != '-' && c != '.' && c != '_')
        {
            return "must be of letters, digits, \"-\", \".\" and \"_\"";
        }
    }

    if (value->len < 3 || value->len > 255 || value->data[0] == '.') {
        return "must be the name of a bucket";
    }

    block->store->bucket = *value;

    return NGX_CONF_OK;
}


static char *
ngx_http_review_store_access(ngx_conf_t *cf, ngx_str_t *value,
    ngx_http_review_store_block_t *block)
{
    return ngx_http_review_store_key(cf, value, &block->store->access_key);
}


static char *
ngx_http_review_store_secret(ngx_conf_t *cf, ngx_str_t *value,
    ngx_http_review_store_block_t *block)
{
    return ngx_http_review_store_key(cf, value, &block->store->secret_key);
}


static char *
ngx_http_review_store_read(ngx_conf_t *cf, ngx_str_t *path, ngx_str_t *key)
{
    int         fd, err;
    ssize_t     n;
    ngx_str_t   name;

    name = *path;

    if (ngx_conf_full_name(cf->cycle, &name, 1) != NGX_OK) {
        return NGX_CONF_ERROR;
    }

    key->data = ngx_pnalloc(cf->pool, NGX_HTTP_REVIEW_STORE_KEY);
    if (key->data == NULL) {
        return NGX_CONF_ERROR;
    }

    fd = ngx_open_file(name.data, NGX_FILE_RDONLY | NGX_FILE_NONBLOCK,
                       NGX_FILE_OPEN, 0);

    n = (fd == NGX_INVALID_FILE)
        ? -1 : ngx_read_fd(fd, key->data, NGX_HTTP_REVIEW_STORE_KEY);
    err = ngx_errno;

    if (fd != NGX_INVALID_FILE) {
        ngx_close_file(fd);
    }

    if (n < 0) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, err, "\"%V\" cannot be read",
                           &name);
        return NGX_CONF_ERROR;
    }

    key->len = n;

    return n < NGX_HTTP_REVIEW_STORE_KEY ? NGX_CONF_OK
                                         : "names a file that is too large";
}


/* the key itself, or where it is; white space around it is an editor's */

static char *
ngx_http_review_store_key(ngx_conf_t *cf, ngx_str_t *value, ngx_str_t *key)
{
    size_t      i;
    char       *rv, *env;
    ngx_str_t  *args;

    if (key->len) {
        return "is duplicate: there is a key already";
    }

    args = cf->args->elts;
    *key = *value;

    if (ngx_strstr(args[0].data, "_file")) {
        rv = ngx_http_review_store_read(cf, value, key);

        if (rv != NGX_CONF_OK) {
            return rv;
        }

    } else if (ngx_strstr(args[0].data, "_env")) {
        env = getenv((char *) value->data);

        if (env == NULL) {
            return "names an environment variable that is not set";
        }

        key->len = ngx_strlen(env);
        key->data = ngx_pnalloc(cf->pool, key->len + 1);

        if (key->data == NULL) {
            return NGX_CONF_ERROR;
        }

        ngx_memcpy(key->data, env, key->len);
    }

    while (key->len && key->data[key->len - 1] <= ' ') {
        key->len--;
    }

    while (key->len && key->data[0] <= ' ') {
        key->data++;
        key->len--;
    }

    for (i = 0; i < key->len; i++) {
        if (key->data[i] < ' ') {
            return "has a key with control characters";
        }
    }

    return key->len ? NGX_CONF_OK : "has an empty key";
}


static char *
ngx_http_review_store_time(ngx_str_t *value, ngx_uint_t *set, ngx_msec_t *time)
{
    if (*set) {
        return "is duplicate";
    }

    *set = 1;
    *time = ngx_parse_time(value, 0);

    if (*time == (ngx_msec_t) NGX_ERROR) {
        return "has an invalid time";
    }

    return *time ? NGX_CONF_OK : "must be greater than zero";
}


static char *
ngx_http_review_store_timeout(ngx_conf_t *cf, ngx_str_t *value,
    ngx_http_review_store_block_t *block)
{
    return ngx_http_review_store_time(value, &block->timeout,
                                      &block->store->timeout);
}


static char *
ngx_http_review_store_connect_timeout(ngx_conf_t *cf, ngx_str_t *value,
    ngx_http_review_store_block_t *block)
{
    return ngx_http_review_store_time(value, &block->connect_timeout,
                                      &block->store->connect_timeout);
}
