
/*
 * What a task would ask of the LLM, on a thread: which cells, in how many
 * calls, and about how many tokens their prompts would have.  The points' own
 * prompts are laid out once, around empty texts: what chunks, headings and
 * references add to that is a sum.
 */

#include "http/plan/ngx_http_review_plan.h"
#include "http/chunk/ngx_http_review_chunk.h"
#include "http/request/ngx_http_review_work.h"



/*
 * Microseconds that gates may take in all: of a thread, and of the event loop.
 * Once they are spent the rest counts as open.
 */

#define NGX_HTTP_REVIEW_COUNT_TIME   10000000
#define NGX_HTTP_REVIEW_COUNT_SHORT  500000


/* all prompts of a point: what is its own, and how often they have the rest */

typedef struct {
    size_t                      own;        /* tokens */
    size_t                      common;     /* what prompts begin with */
    size_t                      chunk;
    size_t                      heading;
    size_t                      references;
} ngx_http_review_prompts_t;


/* what stands around the texts that prompts begin with: tokens */

typedef struct {
    size_t                      head;       /* before them all */
    size_t                      common;     /* of all, were they empty */
    size_t                      heading;    /* if there is one */
    size_t                      references; /* if there are any, once, */
    size_t                      reference;  /* and for each */
} ngx_http_review_around_t;


/* tokens of the texts of a chunk */

typedef struct {
    size_t                      chunk;
    size_t                      heading;
    size_t                      references;
    size_t                      common;     /* with what stands around */
} ngx_http_review_texts_of_t;


static uint64_t ngx_http_review_task_count_bound(
    const ngx_http_review_plan_t *plan);
static int ngx_http_review_task_count_select(ngx_http_review_plan_t *plan);
static int ngx_http_review_task_count_cells(ngx_http_review_plan_t *plan);
static int ngx_http_review_task_count_searches(ngx_http_review_plan_t *plan);
static int ngx_http_review_task_count_tokens(ngx_http_review_plan_t *plan);


int
ngx_http_review_task_count(ngx_http_review_plan_t *plan)
{
    if (!plan->dry
        && (plan->max_calls == 0
            || (plan->nqueries == 0
                && ngx_http_review_task_count_bound(plan) <= plan->max_calls)))
    {
        return 0;
    }

    if (ngx_http_review_task_count_select(plan) != 0
        || ngx_http_review_task_count_cells(plan) != 0
        || ngx_http_review_task_count_searches(plan) != 0
        || (plan->dry && ngx_http_review_task_count_tokens(plan) != 0))
    {
        return -1;
    }

    plan->refused = plan->max_calls && plan->total.calls > plan->max_calls;

    /* what the first rounds leave is what searches may widen with */

    plan->left = plan->refused ? 0 : plan->max_calls - plan->total.calls;

    if (!plan->dry) {
        ngx_memzero(&plan->selection, sizeof(review_selection_t));
    }

    return 0;
}


ngx_uint_t
ngx_http_review_task_count_matches(const ngx_http_review_plan_t *plan)
{
    size_t      i;
    ngx_uint_t  counts;

    counts = plan->dry || plan->max_calls;

    /* of a point about the document they say what is read first */

    for (i = 0; i < plan->npoints; i++) {
        if (plan->asked[i]->when.pattern.data
            && (counts || plan->points[i].document))
        {
            return 1;
        }
    }

    return 0;
}


/* each step is a call */

size_t
ngx_http_review_task_count_steps(const review_point_t *point)
{
    return review_point_asks(point) ? ngx_max(point->nprompts, 1) : 0;
}


/* what there may be at most, whatever is selected, or matches */

static uint64_t
ngx_http_review_task_count_bound(const ngx_http_review_plan_t *plan)
{
    size_t    i, n;
    uint64_t  calls;

    n = plan->nchunks;

    if (plan->select.top_k) {
        n = ngx_min(n, plan->select.top_k);
    }

    for (i = 0, calls = 0; i < plan->npoints; i++) {
        if (!plan->points[i].document) {
            calls += ngx_http_review_task_count_steps(plan->asked[i]);
        }
    }

    return n * calls;
}


/* by words: vectors would have to be asked for */

static int
ngx_http_review_task_count_select(ngx_http_review_plan_t *plan)
{
    review_select_t  select;

    select = plan->select;

    if (!plan->dry) {
        select.nreferences = 0;
    }

    return review_select(plan->pool, &select, &plan->selection);
}


/* the cells of a chunk that are not skipped get 1 */

static void
ngx_http_review_task_count_open(ngx_http_review_plan_t *plan, size_t chunk,
    unsigned char *open)
{
    size_t                i;
    review_report_skip_e  why;

    for (i = 0; i < plan->npoints; i++) {
        open[i] = !ngx_http_review_task_gates_skips(plan, chunk, i, &why);
    }
}


/* what is folded for the regexes of a chunk is not needed for the next one */

static int
ngx_http_review_task_count_gates(ngx_http_review_plan_t *plan, size_t chunk,
    unsigned char *open, uint64_t *left)
{
    ngx_pool_t     *pool;
    review_pool_t  *memory;

    pool = ngx_create_pool(4096, ngx_cycle->log);
    if (pool == NULL) {
        return -1;
    }

    memory = ngx_http_review_pool(pool);

    if (memory) {
        ngx_http_review_regex_gates(memory, &plan->texts[chunk], plan->asked,
                                    plan->npoints, open, left);
    }

    ngx_destroy_pool(pool);

    return memory ? 0 : -1;
}


static void
ngx_http_review_task_count_cell(ngx_http_review_plan_t *plan, size_t point,
    ngx_http_review_planned_e planned)
{
    size_t                      steps;
    ngx_http_review_planned_t  *column;

    column = &plan->planned[point];
    column->cells[planned]++;
    plan->total.cells[planned]++;

    if (planned == NGX_HTTP_REVIEW_PLANNED_ASKED) {
        steps = ngx_http_review_task_count_steps(plan->asked[point]);

        column->calls += steps;
        column->most += steps;
        plan->total.calls += steps;
        plan->total.most += steps;
    }
}


static void
ngx_http_review_task_count_chunk(ngx_http_review_plan_t *plan, size_t chunk,
    const unsigned char *selected, const unsigned char *open)
{
    size_t                     i;
    unsigned char             *cells;
    ngx_http_review_planned_e  planned;

    cells = plan->cells + chunk * plan->npoints;

    for (i = 0; i < plan->npoints; i++) {

        if (plan->points[i].document) {
            cells[i] = NGX_HTTP_REVIEW_PLANNED_SKIPPED;
            continue;
        }

        planned = !selected[i] ? NGX_HTTP_REVIEW_PLANNED_SKIPPED
                  : !open[i] ? NGX_HTTP_REVIEW_PLANNED_WHEN
                  : review_point_asks(plan->asked[i])
                    ? NGX_HTTP_REVIEW_PLANNED_ASKED
                    : NGX_HTTP_REVIEW_PLANNED_RULE;

        cells[i] = planned;
        ngx_http_review_task_count_cell(plan, i, planned);
    }
}


static int
ngx_http_review_task_count_cells(ngx_http_review_plan_t *plan)
{
    size_t          i, n;
    uint64_t        left;
    ngx_uint_t      matches;
    unsigned char  *selected, *open;

    n = plan->npoints;

    plan->planned = review_alloc(plan->pool,
                                 n * sizeof(ngx_http_review_planned_t));
    plan->cells = review_alloc(plan->pool, plan->nchunks * n);
    selected = review_alloc(plan->pool, 2 * n);

    if (plan->planned == NULL || plan->cells == NULL || selected == NULL) {
        return -1;
    }

    ngx_memzero(plan->planned, n * sizeof(ngx_http_review_planned_t));

    open = selected + n;
    matches = ngx_http_review_task_count_matches(plan);
    left = plan->work->busy ? NGX_HTTP_REVIEW_COUNT_TIME
                            : NGX_HTTP_REVIEW_COUNT_SHORT;

    for (i = 0; i < plan->nchunks; i++) {

        if (plan->work->gone) {
            return -1;
        }

        ngx_http_review_task_count_open(plan, i, selected);
        ngx_memcpy(open, selected, n);

        if (matches
            && ngx_http_review_task_count_gates(plan, i, open, &left) != 0)
        {
            return -1;
        }

        ngx_http_review_task_count_chunk(plan, i, selected, open);
    }

    return 0;
}


/* points about the document: one cell each, and what its search may take */

static int
ngx_http_review_task_count_searches(ngx_http_review_plan_t *plan)
{
    size_t                      i;
    uint64_t                    least, most;
    ngx_http_review_query_t    *query;
    ngx_http_review_planned_t  *column;

    for (i = 0; i < plan->nqueries; i++) {
        query = &plan->queries[i];
        column = &plan->planned[query->point];

        if (query->given.n == 0 || plan->points[query->point].rule) {
            ngx_http_review_task_count_cell(plan, query->point,
                                            query->given.n
                                            ? NGX_HTTP_REVIEW_PLANNED_RULE
                                            : NGX_HTTP_REVIEW_PLANNED_SKIPPED);
            continue;
        }

        if (review_search_cost(plan->pool, &query->given, &least, &most) != 0) {
            return -1;
        }

        column->cells[NGX_HTTP_REVIEW_PLANNED_ASKED]++;
        column->calls += least;
        column->most += most;

        plan->total.cells[NGX_HTTP_REVIEW_PLANNED_ASKED]++;
        plan->total.calls += least;
        plan->total.most += most;
    }

    return 0;
}


static size_t
ngx_http_review_task_count_common(const review_prompt_t *prompt, size_t *head)
{
    size_t        i, n;
    review_str_t  parts[REVIEW_PROMPT_PARTS];

    review_prompt_parts(prompt, parts);

    for (i = 0, n = 0; i < REVIEW_PROMPT_PARTS; i++) {
        n += ngx_http_review_chat_tokens(&parts[i]);
    }

    if (head) {
        *head = ngx_http_review_chat_tokens(&parts[0]);
    }

    return n;
}


/* how much is written for a heading, and for references, besides their words */

static review_prompt_t *
ngx_http_review_task_count_around(ngx_http_review_plan_t *plan,
    ngx_http_review_around_t *around)
{
    int                orders[3] = { 1, 2, 3 };
    size_t             two, three, with;
    review_str_t       none[3] = { review_string(""), review_string(""),
                                   review_string("") };
    review_prompt_t   *empty, *heading, *references, *more;
    review_subject_t   subject;

    static const review_str_t  word = review_string("-");

    ngx_memzero(&subject, sizeof(review_subject_t));

    subject.chunk = none[0];
    subject.system = plan->rubric->system;
    subject.language = plan->rubric->language;
    subject.reference_ids = none;
    subject.references = none;
    subject.reference_orders = orders;

    if (plan->nreferences < 2) {
        orders[1] = 1;
        orders[2] = 1;
    }

    subject.nreferences = 2;
    references = review_prompt_create(plan->pool, &subject);

    subject.nreferences = 3;
    more = review_prompt_create(plan->pool, &subject);

    subject.nreferences = 0;
    subject.heading = word;
    heading = review_prompt_create(plan->pool, &subject);

    subject.heading = none[0];
    subject.vars = plan->vars;
    empty = review_prompt_create(plan->pool, &subject);

    if (references == NULL || more == NULL || heading == NULL
        || empty == NULL)
    {
        return NULL;
    }

    two = ngx_http_review_task_count_common(references, NULL);
    with = ngx_http_review_task_count_common(heading, NULL);

    around->common = ngx_http_review_task_count_common(empty, &around->head);
    around->heading = with - around->common - 1;
    three = ngx_http_review_task_count_common(more, NULL);

    around->reference = three - two;
    around->references = two - around->common - 2 * around->reference;

    return empty;
}


/* what a step's prompt has, of what a template places */

static void
ngx_http_review_task_count_template(const review_template_t *template,
    ngx_http_review_prompts_t *prompts)
{
    size_t  i;

    for (i = 0; i < template->nparts; i++) {

        switch (template->parts[i].type) {

        case REVIEW_PART_CHUNK:
            prompts->chunk++;
            break;

        case REVIEW_PART_HEADING:
            prompts->heading++;
            break;

        case REVIEW_PART_REFERENCES:
            prompts->references++;
            break;

        default:
            break;
        }
    }
}


/*
 * The prompt of a step has those of the steps before in it.  Of a body the last
 * piece has no text, and the first one is what all begin with.
 */

static int
ngx_http_review_task_count_step(review_prompt_t *prompt, review_point_t *point,
    review_turn_t *turns, size_t step, const ngx_http_review_around_t *around,
    ngx_http_review_prompts_t *prompts)
{
    size_t              i, n;
    review_str_t       *pieces;
    review_question_t   question;

    static const review_llm_t  llm = { .tokens = "max_tokens" };

    question.point = point;
    question.turns = turns;
    question.nturns = step;
    question.max_tokens = 0;
    question.params[0] = NULL;
    question.params[1] = NULL;
    question.llm = &llm;
    question.model = llm.model;

    n = review_prompt_body(prompt, &question, &pieces);

    if (n == 0) {
        return -1;
    }

    for (i = 1; i + 1 < n; i++) {
        prompts->own += ngx_http_review_chat_tokens(&pieces[i]);
    }

    if (point->nprompts && point->prompts[0]->chunk) {
        prompts->own += around->head;

    } else {
        prompts->common++;
    }

    for (i = 0; i <= step && i < point->nprompts; i++) {
        ngx_http_review_task_count_template(point->prompts[i], prompts);
    }

    return 0;
}


/* the answers that later steps are shown are not known: they are empty */

static int
ngx_http_review_task_count_prompts(ngx_http_review_plan_t *plan,
    review_prompt_t *prompt, review_point_t *point,
    const ngx_http_review_around_t *around, ngx_http_review_prompts_t *prompts)
{
    size_t          i, n;
    review_turn_t  *turns;

    n = ngx_http_review_task_count_steps(point);

    ngx_memzero(prompts, sizeof(ngx_http_review_prompts_t));

    turns = review_alloc(plan->pool, (n + 1) * sizeof(review_turn_t));
    if (turns == NULL) {
        return -1;
    }

    for (i = 0; i < n; i++) {
        turns[i].answer.data = "";
        turns[i].answer.len = 0;
        turns[i].complaint = turns[i].answer;

        if (plan->work->gone
            || ngx_http_review_task_count_step(prompt, point, turns, i, around,
                                               prompts)
               != 0)
        {
            return -1;
        }
    }

    return 0;
}


/* levels are joined with a mark, which is a token */

static size_t
ngx_http_review_task_count_heading(const review_heading_t *heading)
{
    size_t  n;

    for (n = 0; heading; heading = heading->parent) {
        n += ngx_http_review_chat_tokens(&heading->text)
             + (heading->parent != NULL);
    }

    return n;
}


static void
ngx_http_review_task_count_texts(ngx_http_review_plan_t *plan, size_t chunk,
    const ngx_http_review_around_t *around, const size_t *clauses,
    ngx_http_review_texts_of_t *texts)
{
    size_t                   i;
    const size_t            *with;
    const review_heading_t  *heading;

    heading = plan->chunks[chunk].heading;

    texts->chunk = plan->tokens[chunk];
    texts->heading = ngx_http_review_task_count_heading(heading);
    texts->references = 0;
    texts->common = around->common;

    if (plan->selection.nclauses) {
        with = plan->selection.clauses + chunk * plan->selection.nclauses;

        for (i = 0; i < plan->selection.nclauses; i++) {
            texts->references += clauses[with[i]];
        }

        texts->common += around->references;
    }

    if (heading) {
        texts->common += around->heading;
    }

    texts->common += texts->chunk + texts->heading + texts->references;
}


static void
ngx_http_review_task_count_row(ngx_http_review_plan_t *plan, size_t chunk,
    const ngx_http_review_prompts_t *prompts,
    const ngx_http_review_texts_of_t *texts)
{
    size_t          i;
    uint64_t        n;
    unsigned char  *cells;

    cells = plan->cells + chunk * plan->npoints;

    for (i = 0; i < plan->npoints; i++, prompts++) {

        if (cells[i] != NGX_HTTP_REVIEW_PLANNED_ASKED) {
            continue;
        }

        n = prompts->own
            + (uint64_t) prompts->common * texts->common
            + (uint64_t) prompts->chunk * texts->chunk
            + (uint64_t) prompts->heading * texts->heading
            + (uint64_t) prompts->references * texts->references;

        plan->planned[i].tokens += n;
        plan->total.tokens += n;
    }
}


/* of chunks, and of clauses with what stands around each */

static size_t *
ngx_http_review_task_count_clauses(ngx_http_review_plan_t *plan,
    const ngx_http_review_around_t *around)
{
    size_t  i, *tokens;

    plan->tokens = review_alloc(plan->pool, plan->nchunks * sizeof(size_t));
    tokens = review_alloc(plan->pool, (plan->nclauses + 1) * sizeof(size_t));

    if (plan->tokens == NULL || tokens == NULL) {
        return NULL;
    }

    for (i = 0; i < plan->nchunks; i++) {
        plan->tokens[i] = ngx_http_review_chat_tokens(&plan->texts[i]);
    }

    for (i = 0; i < plan->nclauses; i++) {
        tokens[i] = ngx_http_review_chat_tokens(&plan->select.clauses[i])
                    + ngx_http_review_chat_tokens(&plan->clauses[i].id)
                    + around->reference;
    }

    return tokens;
}


/* of the first round of a search: its passages, without their labels */

static int
ngx_http_review_task_count_first(ngx_http_review_plan_t *plan,
    ngx_http_review_query_t *query, const ngx_http_review_around_t *around,
    const ngx_http_review_prompts_t *prompts)
{
    size_t                          i, k;
    uint64_t                        n, tokens;
    review_search_t                *search;
    const review_search_reading_t  *reading;

    prompts += query->point;
    search = review_search_create(plan->pool, &query->given);

    if (search == NULL) {
        return -1;
    }

    for (i = 0, tokens = 0; i < review_search_readings(search); i++) {
        reading = review_search_reading(search, i);

        for (k = 0, n = 0; k < reading->n; k++) {
            n += plan->tokens[reading->chunks[k]];
        }

        tokens += prompts->own + prompts->common * (around->common + n)
                  + prompts->chunk * n;
    }

    plan->planned[query->point].tokens += tokens;
    plan->total.tokens += tokens;

    return 0;
}


static int
ngx_http_review_task_count_tokens(ngx_http_review_plan_t *plan)
{
    size_t                      i, *clauses;
    review_prompt_t            *empty;
    ngx_http_review_around_t    around;
    ngx_http_review_prompts_t  *prompts;
    ngx_http_review_texts_of_t  texts;

    empty = ngx_http_review_task_count_around(plan, &around);

    prompts = review_alloc(plan->pool,
                           plan->npoints * sizeof(ngx_http_review_prompts_t));

    if (empty == NULL || prompts == NULL) {
        return -1;
    }

    for (i = 0; i < plan->npoints; i++) {
        if (ngx_http_review_task_count_prompts(plan, empty, plan->asked[i],
                                               &around, &prompts[i])
            != 0)
        {
            return -1;
        }
    }

    clauses = ngx_http_review_task_count_clauses(plan, &around);

    if (clauses == NULL) {
        return -1;
    }

    for (i = 0; i < plan->nchunks; i++) {
        ngx_http_review_task_count_texts(plan, i, &around, clauses, &texts);
        ngx_http_review_task_count_row(plan, i, prompts, &texts);
    }

    for (i = 0; i < plan->nqueries; i++) {
        if (ngx_http_review_task_count_first(plan, &plan->queries[i], &around,
                                             prompts)
            != 0)
        {
            return -1;
        }
    }

    return 0;
}
