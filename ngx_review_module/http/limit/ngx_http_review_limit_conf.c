
/* The directives review_limit and review_priority. */

#include "http/ngx_http_review.h"


#define NGX_HTTP_REVIEW_LIMIT_MAX  1000000


/* "calls=n", "calls=auto" and its bounds: they are the zone's */

typedef struct {
    ngx_int_t                   calls;      /* 0: not given */
    ngx_int_t                   min;
    ngx_int_t                   max;
    unsigned                    automatic:1;
} ngx_http_review_limit_args_t;


static ngx_int_t
ngx_http_review_limit_number(ngx_str_t *arg, ngx_int_t min, ngx_int_t *n)
{
    *n = ngx_atoi(arg->data, arg->len);

    return *n >= min && *n <= NGX_HTTP_REVIEW_LIMIT_MAX ? NGX_OK : NGX_ERROR;
}


static ngx_int_t
ngx_http_review_limit_param(ngx_http_review_limit_t *limit,
    ngx_http_review_limit_args_t *args, ngx_str_t *param)
{
    ngx_int_t  n;
    ngx_str_t  arg;

    if (ngx_http_review_param(param, "calls", &arg)) {

        if (arg.len == 4 && ngx_strncmp(arg.data, "auto", 4) == 0) {
            args->automatic = 1;
            return NGX_OK;
        }

        return args->calls ? NGX_ERROR
                           : ngx_http_review_limit_number(&arg, 1,
                                                          &args->calls);
    }

    if (ngx_http_review_param(param, "min", &arg)) {
        return ngx_http_review_limit_number(&arg, 1, &args->min);
    }

    if (ngx_http_review_param(param, "max", &arg)) {
        return ngx_http_review_limit_number(&arg, 1, &args->max);
    }

    if (ngx_http_review_param(param, "queue", &arg)) {
        if (ngx_http_review_limit_number(&arg, 0, &n) != NGX_OK) {
            return NGX_ERROR;
        }

        limit->queue = n;
        return NGX_OK;
    }

    if (ngx_http_review_param(param, "wait", &arg)) {
        n = ngx_parse_time(&arg, 0);
        limit->wait = n;
        return n > 0 ? NGX_OK : NGX_ERROR;
    }

    return NGX_ERROR;
}


/* all locations with one zone have one limit */

static char *
ngx_http_review_limit_set(ngx_conf_t *cf, ngx_http_review_zone_t *zone,
    ngx_http_review_limit_args_t *args)
{
    ngx_uint_t  calls, min, max;

    if (args->calls && args->automatic) {
        return "has \"calls\" twice";
    }

    if ((args->min || args->max) && !args->automatic) {
        return "has \"min\" or \"max\" without \"calls=auto\"";
    }

    calls = args->calls;
    min = args->automatic ? (args->min ? args->min : 1) : 0;
    max = args->automatic ? (args->max ? args->max : 256) : 0;

    if (min > max) {
        return "has \"max\" less than \"min\"";
    }

    if (calls == 0 && !args->automatic) {
        return NGX_CONF_OK;
    }

    if (zone->line && (zone->calls != calls || zone->min != min
                       || zone->max != max))
    {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "the limit of zone \"%V\" was set to something "
                           "else in %V:%ui", &zone->name, &zone->file,
                           zone->line);
        return NGX_CONF_ERROR;
    }

    zone->calls = calls;
    zone->min = min;
    zone->max = max;
    zone->automatic = args->automatic;
    zone->file = cf->conf_file->file.name;
    zone->line = cf->conf_file->line;

    return NGX_CONF_OK;
}


char *
ngx_http_review_limit(ngx_conf_t *cf, ngx_command_t *cmd, void *conf)
{
    ngx_http_review_loc_conf_t *rlcf = conf;

    ngx_str_t                     *value, name;
    ngx_uint_t                     i;
    ngx_http_review_limit_t       *limit;
    ngx_http_review_limit_args_t   args;

    if (rlcf->limit != NGX_CONF_UNSET_PTR) {
        return "is duplicate";
    }

    value = cf->args->elts;

    if (cf->args->nelts == 2 && value[1].len == 3
        && ngx_strncmp(value[1].data, "off", 3) == 0)
    {
        rlcf->limit = NULL;
        return NGX_CONF_OK;
    }

    limit = ngx_pcalloc(cf->pool, sizeof(ngx_http_review_limit_t));
    if (limit == NULL) {
        return NGX_CONF_ERROR;
    }

    limit->queue = 1000;
    limit->wait = 60000;

    ngx_memzero(&args, sizeof(ngx_http_review_limit_args_t));

    for (i = 1; i < cf->args->nelts; i++) {

        if (ngx_http_review_param(&value[i], "zone", &name)
            && name.len && limit->zone == NULL)
        {
            limit->zone = ngx_http_review_zone_add(cf, &name, 0);
            if (limit->zone == NULL) {
                return NGX_CONF_ERROR;
            }

            continue;
        }

        if (ngx_http_review_limit_param(limit, &args, &value[i]) != NGX_OK) {
            return ngx_http_review_bad_param(cf, &value[i]);
        }
    }

    if (limit->zone == NULL) {
        return "needs \"zone\"";
    }

    rlcf->limit = limit;

    return ngx_http_review_limit_set(cf, limit->zone, &args);
}


char *
ngx_http_review_priority(ngx_conf_t *cf, ngx_command_t *cmd, void *conf)
{
    ngx_http_review_loc_conf_t *rlcf = conf;

    ngx_str_t                         *value;
    ngx_http_compile_complex_value_t   ccv;

    if (rlcf->priority != NGX_CONF_UNSET_PTR) {
        return "is duplicate";
    }

    value = cf->args->elts;

    rlcf->priority = ngx_palloc(cf->pool, sizeof(ngx_http_complex_value_t));
    if (rlcf->priority == NULL) {
        return NGX_CONF_ERROR;
    }

    ngx_memzero(&ccv, sizeof(ngx_http_compile_complex_value_t));

    ccv.cf = cf;
    ccv.value = &value[1];
    ccv.complex_value = rlcf->priority;

    if (ngx_http_compile_complex_value(&ccv) != NGX_OK) {
        return NGX_CONF_ERROR;
    }

    /* a constant that is none of the classes is a mistake */

    if (rlcf->priority->lengths == NULL
        && ngx_http_review_priority_of(&value[1]) == REVIEW_PRIORITY_NORMAL
        && (value[1].len != 6
            || ngx_strncasecmp(value[1].data, (u_char *) "normal", 6) != 0))
    {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "invalid priority \"%V\", it must be \"high\", "
                           "\"normal\", \"low\" or a variable", &value[1]);
        return NGX_CONF_ERROR;
    }

    return NGX_CONF_OK;
}
