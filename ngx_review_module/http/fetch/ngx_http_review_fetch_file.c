
/*
 * A download on its way to a file: what has come is gathered in one buffer
 * while a thread writes the other.  All of it lies in a work's pool: a thread
 * can't be stopped, and what it has opened is closed, what has no name yet is
 * removed, when the last one lets go of the pool.
 */

#include "http/fetch/ngx_http_review_fetch.h"

#include <openssl/evp.h>
#include <sys/stat.h>


/* smaller pieces are gathered */

#define NGX_HTTP_REVIEW_FETCH_PIECE     (NGX_HTTP_REVIEW_FETCH_BUFFER / 2)

/* another file of that name is there: another is tried */

#define NGX_HTTP_REVIEW_FETCH_TRIES     16


struct ngx_http_review_fetch_file_s {
    ngx_http_review_work_t     *work;
    ngx_http_review_work_pt     handler;
    void                       *data;
    ngx_http_review_fetch_kind_e  kind;
    const char                 *folder;
    mode_t                      access;
    char                        name[REVIEW_FETCH_NAME + 1];

    u_char                     *filling;
    size_t                      filled;
    uint32_t                    random;
    unsigned                    busy:1;     /* a thread is at it */
    unsigned                    ending:1;   /* no more will come */
    unsigned                    ended:1;

    /* the thread's, while it is busy */

    u_char                     *writing;
    size_t                      written;
    ngx_uint_t                  last;
    ngx_fd_t                    fd;
    ngx_fd_t                    dir;
    char                        temp[sizeof(REVIEW_FETCH_BEGUN) + 8];
    EVP_MD_CTX                 *hash;
    u_char                      sha256[EVP_MAX_MD_SIZE];
    ngx_uint_t                  failed;
    char                        error[256];
};


static void ngx_http_review_fetch_file_post(ngx_http_review_fetch_file_t *file);
static void ngx_http_review_fetch_file_run(void *data);
static void ngx_http_review_fetch_file_done(void *data);
static void ngx_http_review_fetch_file_cleanup(void *data);


ngx_http_review_fetch_file_t *
ngx_http_review_fetch_file_create(ngx_http_review_ctx_t *ctx,
    ngx_http_review_fetch_kind_e kind, ngx_str_t *folder,
    ngx_http_review_work_pt handler, void *data)
{
    ngx_pool_cleanup_t            *cln;
    ngx_http_review_work_t        *work;
    ngx_http_review_fetch_file_t  *file;

    work = ngx_http_review_work_create(ctx);
    if (work == NULL) {
        return NULL;
    }

    file = ngx_pcalloc(work->pool, sizeof(ngx_http_review_fetch_file_t));
    cln = ngx_pool_cleanup_add(work->pool, 0);

    if (file == NULL || cln == NULL) {
        return NULL;
    }

    file->fd = NGX_INVALID_FILE;
    file->dir = NGX_INVALID_FILE;

    cln->handler = ngx_http_review_fetch_file_cleanup;
    cln->data = file;

    file->work = work;
    file->handler = handler;
    file->data = data;
    file->kind = kind;
    file->folder = (char *) folder->data;
    file->access = (mode_t) ngx_http_review_fetch_conf(ctx)->access;
    file->filling = ngx_palloc(work->pool, NGX_HTTP_REVIEW_FETCH_BUFFER);
    file->writing = ngx_palloc(work->pool, NGX_HTTP_REVIEW_FETCH_BUFFER);
    file->hash = EVP_MD_CTX_new();

    return file->filling && file->writing && file->hash ? file : NULL;
}


/* closed; what has no name of its own is removed */

static void
ngx_http_review_fetch_file_close(ngx_http_review_fetch_file_t *file)
{
    if (file->fd != NGX_INVALID_FILE) {
        (void) close(file->fd);
        file->fd = NGX_INVALID_FILE;
    }

    if (file->temp[0] && unlinkat(file->dir, file->temp, 0) == -1) {
        ngx_log_error(NGX_LOG_ERR, ngx_cycle->log, ngx_errno,
                      "\"%s\", the beginning of \"%s\" in \"%s\", could not "
                      "be removed", file->temp, file->name, file->folder);
    }

    file->temp[0] = '\0';

    if (file->dir != NGX_INVALID_FILE) {
        (void) close(file->dir);
        file->dir = NGX_INVALID_FILE;
    }
}


static void
ngx_http_review_fetch_file_cleanup(void *data)
{
    ngx_http_review_fetch_file_t *file = data;

    ngx_http_review_fetch_file_close(file);
    EVP_MD_CTX_free(file->hash);
}


void
ngx_http_review_fetch_file_begin(ngx_http_review_fetch_file_t *file,
    review_str_t *name)
{
    ngx_memcpy(file->name, name->data, name->len);
    file->name[name->len] = '\0';

    file->filled = 0;
    file->ending = 0;
    file->ended = 0;
    file->failed = 0;
    file->random = (uint32_t) ngx_random();
    file->last = 0;
    file->error[0] = '\0';

    if (!EVP_DigestInit_ex(file->hash, EVP_sha256(), NULL)) {
        file->failed = 1;
    }
}


ngx_uint_t
ngx_http_review_fetch_file_has_room(ngx_http_review_fetch_file_t *file)
{
    return file->filled == 0;
}


ngx_int_t
ngx_http_review_fetch_file_add(ngx_http_review_fetch_file_t *file,
    u_char *data, size_t len)
{
    if (!file->busy && file->failed) {
        return NGX_ERROR;
    }

    if (len > NGX_HTTP_REVIEW_FETCH_BUFFER - file->filled) {
        return NGX_AGAIN;
    }

    ngx_memcpy(file->filling + file->filled, data, len);
    file->filled += len;

    if (!file->busy && file->filled >= NGX_HTTP_REVIEW_FETCH_PIECE) {
        ngx_http_review_fetch_file_post(file);
    }

    return NGX_OK;
}


void
ngx_http_review_fetch_file_end(ngx_http_review_fetch_file_t *file)
{
    file->ending = 1;

    if (!file->busy) {
        ngx_http_review_fetch_file_post(file);
    }
}


ngx_int_t
ngx_http_review_fetch_file_ended(ngx_http_review_fetch_file_t *file,
    u_char *sha256)
{
    if (file->busy || !file->ended) {
        return NGX_AGAIN;
    }

    ngx_memcpy(sha256, file->sha256, 32);

    return NGX_OK;
}


const char *
ngx_http_review_fetch_file_error(ngx_http_review_fetch_file_t *file)
{
    return !file->busy && file->failed ? file->error : NULL;
}


ngx_int_t
ngx_http_review_fetch_file_drop(ngx_http_review_fetch_file_t *file)
{
    /* the thread gets nothing more to do */

    file->filled = 0;
    file->ending = 0;

    if (file->busy) {
        return NGX_AGAIN;
    }

    ngx_http_review_fetch_file_close(file);

    return NGX_OK;
}


void
ngx_http_review_fetch_file_leave(ngx_http_review_fetch_file_t *file)
{
    file->work->gone = 1;

    (void) ngx_http_review_fetch_file_drop(file);
}


ssize_t
ngx_http_review_fetch_file_read(ngx_http_review_fetch_file_t *file,
    u_char *buf, size_t size, off_t offset)
{
    ssize_t  n;

    do {
        n = pread(file->fd, buf, size, offset);
    } while (n == -1 && ngx_errno == NGX_EINTR);

    return n > 0 ? n : NGX_ERROR;
}


/* any file work may wait for a disk: it is for a thread, if there are any */

static void
ngx_http_review_fetch_file_post(ngx_http_review_fetch_file_t *file)
{
    u_char  *p;

    p = file->writing;
    file->writing = file->filling;
    file->written = file->filled;
    file->filling = p;
    file->filled = 0;
    file->last = file->ending;
    file->busy = 1;

    ngx_http_review_work_start(file->work, NGX_MAX_SIZE_T_VALUE,
                               ngx_http_review_fetch_file_run,
                               ngx_http_review_fetch_file_done, file);
}


/* in the event loop; what goes on is told from there, not from in here */

static void
ngx_http_review_fetch_file_done(void *data)
{
    ngx_http_review_fetch_file_t *file = data;

    file->busy = 0;
    file->ended = file->last;

    if (!file->failed && !file->last
        && (file->ending || file->filled >= NGX_HTTP_REVIEW_FETCH_PIECE))
    {
        ngx_http_review_fetch_file_post(file);
    }

    file->handler(file->data);
}


/* from here on: a thread's */

static ngx_int_t
ngx_http_review_fetch_file_fail(ngx_http_review_fetch_file_t *file,
    const char *what)
{
    u_char  text[128];

    *ngx_strerror(ngx_errno, text, sizeof(text) - 1) = '\0';

    ngx_snprintf((u_char *) file->error, sizeof(file->error), "%s: %s%Z",
                 what, text);

    file->failed = 1;

    return NGX_ERROR;
}


/*
 * One folder below another, made if it isn't there; never through a link.  Who
 * made it has its mode set, whatever the mask of the process is.
 */

static ngx_fd_t
ngx_http_review_fetch_file_enter(ngx_fd_t dir, const char *name, mode_t access)
{
    int       made;
    ngx_fd_t  fd;

    fd = openat(dir, name, O_RDONLY|O_DIRECTORY|O_NOFOLLOW|O_CLOEXEC);

    if (fd == NGX_INVALID_FILE && ngx_errno == NGX_ENOENT) {

        made = (mkdirat(dir, name, 0700) == 0);

        if (!made && ngx_errno != NGX_EEXIST) {
            return NGX_INVALID_FILE;
        }

        fd = openat(dir, name, O_RDONLY|O_DIRECTORY|O_NOFOLLOW|O_CLOEXEC);

        if (made && fd != NGX_INVALID_FILE
            && fchmod(fd, ngx_dir_access(access)) == -1)
        {
            (void) close(fd);
            return NGX_INVALID_FILE;
        }
    }

    return fd;
}


/* opens the folder of the file; returns its name in there, or NULL */

static const char *
ngx_http_review_fetch_file_walk(ngx_http_review_fetch_file_t *file)
{
    char      *name, *slash, part[REVIEW_FETCH_SEGMENT + 1];
    ngx_fd_t   fd;

    name = file->name;

    file->dir = open(file->folder, O_RDONLY|O_DIRECTORY|O_CLOEXEC);

    while (file->dir != NGX_INVALID_FILE) {
        slash = strchr(name, '/');

        if (slash == NULL) {
            return name;
        }

        ngx_memcpy(part, name, slash - name);
        part[slash - name] = '\0';

        fd = ngx_http_review_fetch_file_enter(file->dir, part, file->access);

        if (fd == NGX_INVALID_FILE) {
            return NULL;
        }

        (void) close(file->dir);
        file->dir = fd;
        name = slash + 1;
    }

    return NULL;
}


static ngx_int_t
ngx_http_review_fetch_file_open_named(ngx_http_review_fetch_file_t *file)
{
    ngx_uint_t  i;

    if (ngx_http_review_fetch_file_walk(file) == NULL) {
        return ngx_http_review_fetch_file_fail(file, "its folder");
    }

    for (i = 0; i < NGX_HTTP_REVIEW_FETCH_TRIES; i++) {

        ngx_sprintf((u_char *) file->temp,
                    REVIEW_FETCH_BEGUN "%08xD%Z", file->random++);

        file->fd = openat(file->dir, file->temp,
                          O_CREAT|O_EXCL|O_WRONLY|O_NOFOLLOW|O_CLOEXEC, 0600);

        if (file->fd != NGX_INVALID_FILE) {
            return NGX_OK;
        }

        file->temp[0] = '\0';

        if (ngx_errno != NGX_EEXIST) {
            break;
        }
    }

    return ngx_http_review_fetch_file_fail(file, "it cannot be made");
}


/* one that is gone when it is closed */

static ngx_int_t
ngx_http_review_fetch_file_open_temp(ngx_http_review_fetch_file_t *file)
{
    char  path[NGX_MAX_PATH];

    ngx_snprintf((u_char *) path, sizeof(path), "%s/fetch-XXXXXX%Z",
                 file->folder);

    file->fd = mkostemp(path, O_CLOEXEC);

    if (file->fd == NGX_INVALID_FILE || unlink(path) == -1) {
        return ngx_http_review_fetch_file_fail(file, "a temporary file");
    }

    return NGX_OK;
}


static ngx_int_t
ngx_http_review_fetch_file_open(ngx_http_review_fetch_file_t *file)
{
    if (file->fd != NGX_INVALID_FILE
        || file->kind == NGX_HTTP_REVIEW_FETCH_HASH)
    {
        return NGX_OK;
    }

    return file->kind == NGX_HTTP_REVIEW_FETCH_FOLDER
           ? ngx_http_review_fetch_file_open_named(file)
           : ngx_http_review_fetch_file_open_temp(file);
}


static ngx_int_t
ngx_http_review_fetch_file_write(ngx_http_review_fetch_file_t *file)
{
    size_t   sent;
    ssize_t  n;

    if (!EVP_DigestUpdate(file->hash, file->writing, file->written)) {
        return ngx_http_review_fetch_file_fail(file, "its hash");
    }

    if (file->kind == NGX_HTTP_REVIEW_FETCH_HASH) {
        return NGX_OK;
    }

    for (sent = 0; sent < file->written; sent += n) {

        n = write(file->fd, file->writing + sent, file->written - sent);

        if (n == -1 && ngx_errno == NGX_EINTR) {
            n = 0;

        } else if (n <= 0) {
            return ngx_http_review_fetch_file_fail(file,
                                                   "it cannot be written");
        }
    }

    return NGX_OK;
}


/* it gets its name; a link of that name is replaced, not followed */

static ngx_int_t
ngx_http_review_fetch_file_name(ngx_http_review_fetch_file_t *file)
{
    int          rc;
    const char  *slash;

    if (!EVP_DigestFinal_ex(file->hash, file->sha256, NULL)) {
        return ngx_http_review_fetch_file_fail(file, "its hash");
    }

    if (file->kind != NGX_HTTP_REVIEW_FETCH_FOLDER || file->work->gone) {
        return NGX_OK;
    }

    if (fchmod(file->fd, file->access) == -1) {
        return ngx_http_review_fetch_file_fail(file, "its access");
    }

    /* some file systems tell only now that there was no room */

    rc = close(file->fd);
    file->fd = NGX_INVALID_FILE;

    if (rc == -1) {
        return ngx_http_review_fetch_file_fail(file, "it cannot be written");
    }

    slash = strrchr(file->name, '/');

    if (renameat(file->dir, file->temp, file->dir,
                 slash ? slash + 1 : file->name)
        == -1)
    {
        return ngx_http_review_fetch_file_fail(file, "it cannot be renamed");
    }

    file->temp[0] = '\0';

    return NGX_OK;
}


static void
ngx_http_review_fetch_file_run(void *data)
{
    ngx_http_review_fetch_file_t *file = data;

    if (file->failed
        || ngx_http_review_fetch_file_open(file) != NGX_OK
        || ngx_http_review_fetch_file_write(file) != NGX_OK)
    {
        return;
    }

    if (file->last) {
        (void) ngx_http_review_fetch_file_name(file);
    }
}
