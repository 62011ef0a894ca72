
/*
 * The locations that endpoints ask: one that is not there, or that clients may
 * ask as well, is a mistake in the configuration that nginx starts with.  What
 * the rewrite module may lead to is not known.
 */

#include "http/ngx_http_review_module.h"
#include "http/task/ngx_http_review_task.h"
#include "http/steps/ngx_http_review_steps.h"
#include "http/source/ngx_http_review_extract.h"
#include "http/llm/ngx_http_review_llm.h"
#include "http/request/ngx_http_review_request.h"


static void ngx_http_review_locations_tree(ngx_conf_t *cf,
    ngx_http_core_loc_conf_t *server, ngx_http_location_tree_node_t *node);
static void ngx_http_review_locations_below(ngx_conf_t *cf,
    ngx_http_core_loc_conf_t *server, ngx_http_core_loc_conf_t *clcf);


/*
 * As nginx finds them: NGX_OK by the whole name, NGX_AGAIN by its beginning,
 * NGX_DONE where nothing but a slash is missing
 */

static ngx_int_t
ngx_http_review_locations_static(ngx_http_location_tree_node_t *node,
    ngx_str_t *uri, ngx_http_core_loc_conf_t **found)
{
    u_char     *p;
    size_t      len;
    ngx_int_t   rc, best;

    p = uri->data;
    len = uri->len;
    best = NGX_DECLINED;

    while (node) {
        rc = ngx_filename_cmp(p, node->name, ngx_min(len, node->len));

        if (rc != 0) {
            node = (rc < 0) ? node->left : node->right;

        } else if (len > node->len) {

            if (node->inclusive) {
                *found = node->inclusive;
                best = NGX_AGAIN;
                p += node->len;
                len -= node->len;
                node = node->tree;

            } else {
                node = node->right;
            }

        } else if (len == node->len) {
            *found = node->exact ? node->exact : node->inclusive;
            return node->exact ? NGX_OK : NGX_AGAIN;

        } else {
            if (len + 1 == node->len && node->auto_redirect) {
                best = NGX_DONE;
            }

            node = node->left;
        }
    }

    return best;
}


static ngx_int_t
ngx_http_review_locations_find(ngx_str_t *uri,
    ngx_http_core_loc_conf_t **found)
{
    ngx_int_t                   rc;
    ngx_uint_t                  noregex;
    ngx_http_core_loc_conf_t   *parent;
#if (NGX_PCRE)
    ngx_http_core_loc_conf_t  **clcfp;
#endif

    parent = *found;
    noregex = 0;

    rc = ngx_http_review_locations_static(parent->static_locations, uri, found);

    if (rc == NGX_AGAIN) {
#if (NGX_PCRE)
        noregex = (*found)->noregex;
#endif
        rc = ngx_http_review_locations_find(uri, found);
    }

    if (rc == NGX_OK || rc == NGX_DONE || noregex) {
        return rc;
    }

#if (NGX_PCRE)

    for (clcfp = parent->regex_locations; clcfp && *clcfp; clcfp++) {

        if (ngx_regex_exec((*clcfp)->regex->regex, uri, NULL, 0)
            != NGX_REGEX_NO_MATCHED)
        {
            *found = *clcfp;
            rc = ngx_http_review_locations_find(uri, found);

            return rc == NGX_DONE ? rc : NGX_OK;
        }
    }

#endif

    return rc;
}


static void
ngx_http_review_locations_check(ngx_conf_t *cf,
    ngx_http_core_loc_conf_t *server, const char *directive,
    ngx_http_review_uri_t *uri)
{
    ngx_http_core_loc_conf_t    *clcf;
    ngx_http_review_loc_conf_t  *rlcf;

    if (uri->warned) {
        return;
    }

    clcf = server;

    if (ngx_http_review_locations_find(&uri->uri, &clcf) == NGX_DONE
        || clcf == server)
    {
        uri->warned = 1;
        ngx_log_error(NGX_LOG_WARN, cf->log, 0,
                      "the server has no location for \"%V\" of \"%s\" in "
                      "%V:%ui", &uri->uri, directive, &uri->file, uri->line);
        return;
    }

    /* one with a guard is there for clients, too */

    rlcf = clcf->loc_conf[ngx_http_review_module.ctx_index];

    if (!clcf->internal && !rlcf->guard) {
        uri->warned = 1;
        ngx_log_error(NGX_LOG_WARN, cf->log, 0,
                      "clients may ask \"%V\", whose location \"%V\" is not "
                      "\"internal\", of \"%s\" in %V:%ui", &uri->uri,
                      &clcf->name, directive, &uri->file, uri->line);
    }
}


/* which of them an endpoint asks */

static void
ngx_http_review_locations_endpoint(ngx_conf_t *cf,
    ngx_http_core_loc_conf_t *server, ngx_http_core_loc_conf_t *clcf)
{
    ngx_uint_t                       i;
    const char                      *name;
    ngx_http_review_llm_t           *llm;
    ngx_http_review_llm_conf_t      *lcf;
    ngx_http_review_task_conf_t     *tcf;
    ngx_http_review_steps_conf_t    *scf;
    ngx_http_review_source_conf_t   *ecf;
    ngx_http_review_request_conf_t  *rcf;

    rcf = clcf->loc_conf[ngx_http_review_request_module.ctx_index];
    lcf = clcf->loc_conf[ngx_http_review_llm_module.ctx_index];
    tcf = clcf->loc_conf[ngx_http_review_task_module.ctx_index];
    scf = clcf->loc_conf[ngx_http_review_steps_module.ctx_index];
    ecf = clcf->loc_conf[ngx_http_review_source_module.ctx_index];

    name = rcf->directive ? rcf->directive : "";

    if (ngx_strcmp(name, "review") == 0 && lcf->llms) {
        llm = lcf->llms->elts;

        for (i = 0; i < lcf->llms->nelts; i++) {
            ngx_http_review_locations_check(cf, server, "review_llm",
                                            &llm[i].uri);
        }
    }

    if (ngx_strcmp(name, "review_task") == 0 && tcf->chunk_uri) {
        ngx_http_review_locations_check(cf, server, "review_chunk_uri",
                                        &tcf->chunk_uri->uri);
    }

    if ((ngx_strcmp(name, "review_task") == 0
         || ngx_strcmp(name, "review_split") == 0) && ecf->extract)
    {
        ngx_http_review_locations_check(cf, server, "review_extract",
                                        ecf->extract);
    }

    if ((ngx_strcmp(name, "review_embed") == 0
         || ngx_strcmp(name, "review_rank") == 0
         || ngx_strcmp(name, "review_task") == 0) && scf->embeddings)
    {
        ngx_http_review_locations_check(cf, server, "review_embeddings",
                                        &scf->embeddings->uri);
    }
}


static void
ngx_http_review_locations_one(ngx_conf_t *cf, ngx_http_core_loc_conf_t *server,
    ngx_http_core_loc_conf_t *clcf)
{
    ngx_http_review_locations_endpoint(cf, server, clcf);
    ngx_http_review_locations_below(cf, server, clcf);
}


static void
ngx_http_review_locations_tree(ngx_conf_t *cf,
    ngx_http_core_loc_conf_t *server, ngx_http_location_tree_node_t *node)
{
    for ( /* void */ ; node; node = node->right) {
        ngx_http_review_locations_tree(cf, server, node->left);
        ngx_http_review_locations_tree(cf, server, node->tree);

        if (node->exact) {
            ngx_http_review_locations_one(cf, server, node->exact);
        }

        if (node->inclusive) {
            ngx_http_review_locations_one(cf, server, node->inclusive);
        }
    }
}


static void
ngx_http_review_locations_below(ngx_conf_t *cf,
    ngx_http_core_loc_conf_t *server, ngx_http_core_loc_conf_t *clcf)
{
#if (NGX_PCRE)
    ngx_http_core_loc_conf_t  **clcfp;
#endif

    ngx_http_review_locations_tree(cf, server, clcf->static_locations);

#if (NGX_PCRE)

    for (clcfp = clcf->regex_locations; clcfp && *clcfp; clcfp++) {
        ngx_http_review_locations_one(cf, server, *clcfp);
    }

#endif
}


/* rules of the server see what is asked before any location is looked for */

static ngx_uint_t
ngx_http_review_locations_rewritten(ngx_conf_t *cf, void **loc_conf)
{
    ngx_uint_t     i;
    ngx_array_t  **codes;

    for (i = 0; cf->cycle->modules[i]; i++) {

        if (ngx_strcmp(cf->cycle->modules[i]->name, "ngx_http_rewrite_module")
            == 0)
        {
            /* its configuration begins with them */

            codes = loc_conf[cf->cycle->modules[i]->ctx_index];

            return *codes != NULL;
        }
    }

    return 0;
}


void
ngx_http_review_locations(ngx_conf_t *cf)
{
    void                        **conf;
    ngx_uint_t                    i;
    ngx_http_core_loc_conf_t     *server, **named;
    ngx_http_core_srv_conf_t    **cscfp;
    ngx_http_core_main_conf_t    *cmcf;

    cmcf = ngx_http_conf_get_module_main_conf(cf, ngx_http_core_module);
    cscfp = cmcf->servers.elts;

    for (i = 0; i < cmcf->servers.nelts; i++) {
        conf = cscfp[i]->ctx->loc_conf;

        if (ngx_http_review_locations_rewritten(cf, conf)) {
            continue;
        }

        server = conf[ngx_http_core_module.ctx_index];

        ngx_http_review_locations_below(cf, server, server);

        for (named = cscfp[i]->named_locations; named && *named; named++) {
            ngx_http_review_locations_one(cf, server, *named);
        }
    }
}
