
/* The configuration of the wing: zones, limits, circuits, priorities. */

#include "http/limit/ngx_http_review_limit.h"
#include "http/base/ngx_http_review_base.h"


#define NGX_HTTP_REVIEW_LIMIT_MAX  1000000

/* times of a circuit: its window has parts, of a millisecond at least */

#define NGX_HTTP_REVIEW_CIRCUIT_MIN  REVIEW_CIRCUIT_PARTS
#define NGX_HTTP_REVIEW_CIRCUIT_MAX  (24 * 3600 * 1000)


/* "calls=n", "calls=auto" and its bounds: they are the zone's */

typedef struct {
    ngx_int_t                   calls;      /* 0: not given */
    ngx_int_t                   min;
    ngx_int_t                   max;
    unsigned                    automatic:1;
} ngx_http_review_limit_args_t;


static char *ngx_http_review_limit(ngx_conf_t *cf, ngx_command_t *cmd,
    void *conf);
static char *ngx_http_review_circuit(ngx_conf_t *cf, ngx_command_t *cmd,
    void *conf);
static char *ngx_http_review_priority(ngx_conf_t *cf, ngx_command_t *cmd,
    void *conf);
static ngx_int_t ngx_http_review_circuit_check(ngx_conf_t *cf);
static char *ngx_http_review_circuit_set(ngx_conf_t *cf,
    ngx_http_review_zone_t *zone, ngx_http_review_circuit_t *circuit);
static ngx_int_t ngx_http_review_limit_init_process(ngx_cycle_t *cycle);
static void *ngx_http_review_limit_create_main_conf(ngx_conf_t *cf);
static void *ngx_http_review_limit_create_conf(ngx_conf_t *cf);
static char *ngx_http_review_limit_merge_conf(ngx_conf_t *cf, void *parent,
    void *child);


static ngx_command_t  ngx_http_review_limit_commands[] = {

    { ngx_string("review_zone"),
      NGX_HTTP_MAIN_CONF|NGX_CONF_2MORE,
      ngx_http_review_zone,
      NGX_HTTP_MAIN_CONF_OFFSET,
      0,
      NULL },

    { ngx_string("review_limit"),
      NGX_HTTP_MAIN_CONF|NGX_HTTP_SRV_CONF|NGX_HTTP_LOC_CONF|NGX_CONF_1MORE,
      ngx_http_review_limit,
      NGX_HTTP_LOC_CONF_OFFSET,
      0,
      NULL },

    { ngx_string("review_circuit"),
      NGX_HTTP_MAIN_CONF|NGX_HTTP_SRV_CONF|NGX_HTTP_LOC_CONF|NGX_CONF_1MORE,
      ngx_http_review_circuit,
      NGX_HTTP_LOC_CONF_OFFSET,
      0,
      NULL },

    { ngx_string("review_priority"),
      NGX_HTTP_MAIN_CONF|NGX_HTTP_SRV_CONF|NGX_HTTP_LOC_CONF|NGX_CONF_TAKE1,
      ngx_http_review_priority,
      NGX_HTTP_LOC_CONF_OFFSET,
      offsetof(ngx_http_review_limit_conf_t, priority),
      NULL },

    { ngx_string("review_tenant"),
      NGX_HTTP_MAIN_CONF|NGX_HTTP_SRV_CONF|NGX_HTTP_LOC_CONF|NGX_CONF_TAKE1,
      ngx_http_set_complex_value_slot,
      NGX_HTTP_LOC_CONF_OFFSET,
      offsetof(ngx_http_review_limit_conf_t, tenant),
      NULL },

    { ngx_string("review_tenant_limit"),
      NGX_HTTP_MAIN_CONF|NGX_HTTP_SRV_CONF|NGX_HTTP_LOC_CONF|NGX_CONF_1MORE,
      ngx_http_review_tenant_limit,
      NGX_HTTP_LOC_CONF_OFFSET,
      0,
      NULL },

      ngx_null_command
};


static ngx_http_module_t  ngx_http_review_limit_module_ctx = {
    NULL,                                  /* preconfiguration */
    ngx_http_review_circuit_check,         /* postconfiguration */

    ngx_http_review_limit_create_main_conf, /* create main configuration */
    NULL,                                  /* init main configuration */

    NULL,                                  /* create server configuration */
    NULL,                                  /* merge server configuration */

    ngx_http_review_limit_create_conf,     /* create location configuration */
    ngx_http_review_limit_merge_conf       /* merge location configuration */
};


ngx_module_t  ngx_http_review_limit_module = {
    NGX_MODULE_V1,
    &ngx_http_review_limit_module_ctx,     /* module context */
    ngx_http_review_limit_commands,        /* module directives */
    NGX_HTTP_MODULE,                       /* module type */
    NULL,                                  /* init master */
    NULL,                                  /* init module */
    ngx_http_review_limit_init_process,    /* init process */
    NULL,                                  /* init thread */
    NULL,                                  /* exit thread */
    ngx_http_review_process_exit,          /* exit process */
    NULL,                                  /* exit master */
    NGX_MODULE_V1_PADDING
};


static void *
ngx_http_review_limit_create_main_conf(ngx_conf_t *cf)
{
    ngx_http_review_limit_main_conf_t  *conf;

    conf = ngx_pcalloc(cf->pool, sizeof(ngx_http_review_limit_main_conf_t));
    if (conf == NULL) {
        return NULL;
    }

    if (ngx_array_init(&conf->zones, cf->pool, 1,
                       sizeof(ngx_http_review_zone_t *))
        != NGX_OK
        || ngx_array_init(&conf->circuits, cf->pool, 1,
                          sizeof(ngx_http_review_circuit_t *))
           != NGX_OK)
    {
        return NULL;
    }

    return conf;
}


static void *
ngx_http_review_limit_create_conf(ngx_conf_t *cf)
{
    ngx_http_review_limit_conf_t  *conf;

    conf = ngx_pcalloc(cf->pool, sizeof(ngx_http_review_limit_conf_t));
    if (conf == NULL) {
        return NULL;
    }

    conf->limit = NGX_CONF_UNSET_PTR;
    conf->named = NGX_CONF_UNSET_PTR;
    conf->circuit = NGX_CONF_UNSET_PTR;
    conf->priority = NGX_CONF_UNSET_PTR;
    conf->tenant = NGX_CONF_UNSET_PTR;
    conf->tenant_limit = NGX_CONF_UNSET_PTR;

    return conf;
}


/* of a level: it is set there, or inherited, as a whole */

static void
ngx_http_review_limit_merge_limits(ngx_http_review_limit_conf_t *prev,
    ngx_http_review_limit_conf_t *conf)
{
    if (conf->limit != NGX_CONF_UNSET_PTR) {
        ngx_conf_init_ptr_value(conf->named, NULL);

    } else if (conf->named != NGX_CONF_UNSET_PTR) {
        conf->limit = NULL;
    }

    ngx_conf_merge_ptr_value(conf->limit, prev->limit, NULL);
    ngx_conf_merge_ptr_value(conf->named, prev->named, NULL);
}


/* what else is set for a limit is its zone's */

static char *
ngx_http_review_limit_set_zone(ngx_conf_t *cf,
    ngx_http_review_limit_conf_t *conf, ngx_http_review_limit_t *limit)
{
    if (limit == NULL) {
        return NGX_CONF_OK;
    }

    conf->limited = 1;

    if (conf->tenant_limit && conf->tenant_limit->tokens) {
        limit->zone->budgets |= 1 << conf->tenant_limit->window;
    }

    return conf->circuit
           ? ngx_http_review_circuit_set(cf, limit->zone, conf->circuit)
           : NGX_CONF_OK;
}


static char *
ngx_http_review_limit_merge_conf(ngx_conf_t *cf, void *parent, void *child)
{
    ngx_http_review_limit_conf_t *prev = parent;
    ngx_http_review_limit_conf_t *conf = child;

    ngx_uint_t                    i;
    ngx_http_review_llm_limit_t  *named;

    /* at the level of "http" nothing is merged, or all below may set others */

    if (((prev->limit != NGX_CONF_UNSET_PTR && prev->limit)
         || (prev->named != NGX_CONF_UNSET_PTR && prev->named))
        && prev->circuit != NGX_CONF_UNSET_PTR && prev->circuit)
    {
        prev->circuit->used = 1;
    }

    ngx_http_review_limit_merge_limits(prev, conf);

    ngx_conf_merge_ptr_value(conf->circuit, prev->circuit, NULL);
    ngx_conf_merge_ptr_value(conf->priority, prev->priority, NULL);
    ngx_conf_merge_ptr_value(conf->tenant, prev->tenant, NULL);
    ngx_conf_merge_ptr_value(conf->tenant_limit, prev->tenant_limit, NULL);

    if (ngx_http_review_limit_set_zone(cf, conf, conf->limit) != NGX_CONF_OK) {
        return NGX_CONF_ERROR;
    }

    for (i = 0; conf->named && i < conf->named->nelts; i++) {
        named = conf->named->elts;

        if (ngx_http_review_limit_set_zone(cf, conf, named[i].limit)
            != NGX_CONF_OK)
        {
            return NGX_CONF_ERROR;
        }
    }

    return NGX_CONF_OK;
}


ngx_http_review_limit_t *
ngx_http_review_limit_of(ngx_http_review_limit_conf_t *conf, ngx_str_t *llm)
{
    ngx_uint_t                    i;
    ngx_http_review_llm_limit_t  *named;

    if (conf->named == NULL || llm->len == 0) {
        return conf->limit;
    }

    named = conf->named->elts;

    for (i = 0; i < conf->named->nelts; i++) {
        if (ngx_http_review_param_same(&named[i].llm, llm)) {
            return named[i].limit;
        }
    }

    return conf->limit;
}


/* one that no zone has got does nothing: it was meant to */

static ngx_int_t
ngx_http_review_circuit_check(ngx_conf_t *cf)
{
    ngx_uint_t                          i;
    ngx_http_review_circuit_t         **circuit;
    ngx_http_review_limit_main_conf_t  *lmcf;

    lmcf = ngx_http_conf_get_module_main_conf(cf, ngx_http_review_limit_module);
    circuit = lmcf->circuits.elts;

    for (i = 0; i < lmcf->circuits.nelts; i++) {
        if (!circuit[i]->used && circuit[i]->conf.failures) {
            ngx_log_error(NGX_LOG_WARN, cf->log, 0,
                          "\"review_circuit\" has no effect without a "
                          "\"review_limit\" in %V:%ui", &circuit[i]->file,
                          circuit[i]->line);
        }
    }

    return NGX_OK;
}


/* all locations with one zone have one circuit */

static char *
ngx_http_review_circuit_set(ngx_conf_t *cf, ngx_http_review_zone_t *zone,
    ngx_http_review_circuit_t *circuit)
{
    circuit->used = 1;

    if (zone->circuit.line
        && ngx_memcmp(&zone->circuit.conf, &circuit->conf,
                      sizeof(review_circuit_conf_t))
           != 0)
    {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "the circuit of zone \"%V\" is set to something "
                           "else in %V:%ui than in %V:%ui", &zone->name,
                           &circuit->file, circuit->line, &zone->circuit.file,
                           zone->circuit.line);
        return NGX_CONF_ERROR;
    }

    zone->circuit = *circuit;

    return NGX_CONF_OK;
}


static ngx_int_t
ngx_http_review_limit_init_process(ngx_cycle_t *cycle)
{
    ngx_http_review_limit_main_conf_t  *lmcf;

    /* cache managers and loaders make no calls */

    if (ngx_process != NGX_PROCESS_WORKER && ngx_process != NGX_PROCESS_SINGLE)
    {
        return NGX_OK;
    }

    lmcf = ngx_http_cycle_get_module_main_conf(cycle,
                                               ngx_http_review_limit_module);

    if (lmcf == NULL) {
        return NGX_OK;
    }

    return ngx_http_review_process_init(cycle, &lmcf->zones,
                                        ngx_http_review_limit_claim);
}


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


/* the place of the level's limit, of an LLM, or of all others: not set yet */

static ngx_http_review_limit_t **
ngx_http_review_limit_place(ngx_conf_t *cf, ngx_http_review_limit_conf_t *conf,
    ngx_str_t *llm)
{
    ngx_uint_t                    i;
    ngx_http_review_llm_limit_t  *named;

    if (llm->len == 0) {
        return conf->limit == NGX_CONF_UNSET_PTR ? &conf->limit : NULL;
    }

    if (conf->named == NGX_CONF_UNSET_PTR) {
        conf->named = ngx_array_create(cf->pool, 2,
                                       sizeof(ngx_http_review_llm_limit_t));
        if (conf->named == NULL) {
            return NULL;
        }
    }

    named = conf->named->elts;

    for (i = 0; i < conf->named->nelts; i++) {
        if (ngx_http_review_param_same(&named[i].llm, llm)) {
            return NULL;
        }
    }

    named = ngx_array_push(conf->named);
    if (named == NULL) {
        return NULL;
    }

    named->llm = *llm;
    named->limit = NULL;
    named->conf = conf;
    named->checked = 0;
    named->file = cf->conf_file->file.name;
    named->line = cf->conf_file->line;

    return &named->limit;
}


static char *
ngx_http_review_limit(ngx_conf_t *cf, ngx_command_t *cmd, void *conf)
{
    ngx_http_review_limit_conf_t *rlcf = conf;

    ngx_str_t                     *value, name, llm;
    ngx_uint_t                     i, off;
    ngx_http_review_limit_t       *limit, **place;
    ngx_http_review_limit_args_t   args;

    value = cf->args->elts;
    off = 0;

    ngx_str_null(&llm);

    limit = ngx_pcalloc(cf->pool, sizeof(ngx_http_review_limit_t));
    if (limit == NULL) {
        return NGX_CONF_ERROR;
    }

    limit->queue = 1000;
    limit->wait = 60000;

    ngx_memzero(&args, sizeof(ngx_http_review_limit_args_t));

    for (i = 1; i < cf->args->nelts; i++) {

        if (i == 1 && ngx_strcmp(value[i].data, "off") == 0) {
            off = 1;
            continue;
        }

        if (ngx_http_review_param(&value[i], "llm", &name)
            && name.len && llm.len == 0)
        {
            llm = name;
            continue;
        }

        if (off) {
            return ngx_http_review_param_bad(cf, &value[1]);
        }

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
            return ngx_http_review_param_bad(cf, &value[i]);
        }
    }

    place = ngx_http_review_limit_place(cf, rlcf, &llm);

    if (place == NULL) {
        return "is duplicate";
    }

    if (off) {
        *place = NULL;
        return NGX_CONF_OK;
    }

    if (limit->zone == NULL) {
        return "needs \"zone\"";
    }

    *place = limit;

    return ngx_http_review_limit_set(cf, limit->zone, &args);
}


static ngx_int_t
ngx_http_review_circuit_time(ngx_str_t *arg, uint32_t *time)
{
    ngx_int_t  n;

    n = ngx_parse_time(arg, 0);

    if (n < NGX_HTTP_REVIEW_CIRCUIT_MIN || n > NGX_HTTP_REVIEW_CIRCUIT_MAX) {
        return NGX_ERROR;
    }

    *time = (uint32_t) n;

    return NGX_OK;
}


static ngx_int_t
ngx_http_review_circuit_param(review_circuit_conf_t *conf, ngx_str_t *param)
{
    ngx_int_t  n;
    ngx_str_t  arg;

    if (ngx_http_review_param(param, "failures", &arg)) {
        if (ngx_http_review_limit_number(&arg, 1, &n) != NGX_OK) {
            return NGX_ERROR;
        }

        conf->failures = (uint32_t) n;
        return NGX_OK;
    }

    if (ngx_http_review_param(param, "share", &arg)) {
        if (arg.len < 2 || arg.data[arg.len - 1] != '%') {
            return NGX_ERROR;
        }

        n = ngx_atoi(arg.data, arg.len - 1);
        conf->share = (uint32_t) n;

        return n > 0 && n <= 100 ? NGX_OK : NGX_ERROR;
    }

    if (ngx_http_review_param(param, "window", &arg)) {
        return ngx_http_review_circuit_time(&arg, &conf->window);
    }

    if (ngx_http_review_param(param, "probe", &arg)) {
        return ngx_http_review_circuit_time(&arg, &conf->pause);
    }

    return NGX_ERROR;
}


static char *
ngx_http_review_circuit(ngx_conf_t *cf, ngx_command_t *cmd, void *conf)
{
    ngx_http_review_limit_conf_t *rlcf = conf;

    ngx_str_t                          *value;
    ngx_uint_t                          i;
    ngx_http_review_circuit_t          *circuit, **known;
    ngx_http_review_limit_main_conf_t  *lmcf;

    if (rlcf->circuit != NGX_CONF_UNSET_PTR) {
        return "is duplicate";
    }

    circuit = ngx_pcalloc(cf->pool, sizeof(ngx_http_review_circuit_t));
    if (circuit == NULL) {
        return NGX_CONF_ERROR;
    }

    circuit->conf = review_circuit_default;
    circuit->file = cf->conf_file->file.name;
    circuit->line = cf->conf_file->line;

    lmcf = ngx_http_conf_get_module_main_conf(cf, ngx_http_review_limit_module);

    known = ngx_array_push(&lmcf->circuits);
    if (known == NULL) {
        return NGX_CONF_ERROR;
    }

    *known = circuit;
    rlcf->circuit = circuit;
    value = cf->args->elts;

    if (cf->args->nelts == 2 && value[1].len == 3
        && ngx_strncmp(value[1].data, "off", 3) == 0)
    {
        circuit->conf.failures = 0;
        return NGX_CONF_OK;
    }

    for (i = 1; i < cf->args->nelts; i++) {
        if (ngx_http_review_circuit_param(&circuit->conf, &value[i])
            != NGX_OK)
        {
            return ngx_http_review_param_bad(cf, &value[i]);
        }
    }

    return NGX_CONF_OK;
}


static char *
ngx_http_review_priority(ngx_conf_t *cf, ngx_command_t *cmd, void *conf)
{
    ngx_http_review_limit_conf_t *rlcf = conf;

    char       *rc;
    ngx_str_t  *value;

    rc = ngx_http_set_complex_value_slot(cf, cmd, conf);

    if (rc != NGX_CONF_OK) {
        return rc;
    }

    value = cf->args->elts;

    /* a constant that is none of the classes is a mistake */

    if (rlcf->priority->lengths == NULL
        && ngx_http_review_limit_priority_of(&value[1])
           == REVIEW_PRIORITY_NORMAL
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
