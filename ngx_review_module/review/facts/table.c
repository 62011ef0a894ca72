
#include "review/facts/table.h"

#include "review/facts/glyph.h"

#include <strings.h>


#define REVIEW_TABLE_ROWSPAN  10000


/* cells that go on below */

typedef struct {
    review_cell_t   cell;
    size_t          rows;
} review_table_carry_t;

typedef struct {
    review_table_t         *table;
    review_table_carry_t    carry[REVIEW_TABLE_COLUMNS];
    size_t                  column;
    review_cell_t           cell;      /* the one that is open */
    size_t                  rowspan;
    unsigned                open:1;    /* a cell is, */
    unsigned                row:1;     /* a row is, */
    unsigned                head:1;    /* and <thead> */
    unsigned                th:1;      /* the row has no <td> */
} review_table_html_t;


static void *
review_table_more(review_table_t *table, void *old, size_t n, size_t *size,
    size_t each)
{
    void  *p;

    if (n < *size) {
        return old;
    }

    p = review_alloc(table->pool, (n ? n * 2 : 64) * each);

    if (p == NULL) {
        table->failed = 1;
        return NULL;
    }

    if (n) {
        memcpy(p, old, n * each);
    }

    *size = n ? n * 2 : 64;

    return p;
}


static review_row_t *
review_table_row(review_table_t *table, const char *from)
{
    review_row_t  *row;

    row = review_table_more(table, table->rows, table->nrows, &table->arows,
                            sizeof(review_row_t));
    if (row == NULL) {
        return NULL;
    }

    table->rows = row;
    row += table->nrows++;

    memset(row, 0, sizeof(*row));
    row->from = from;
    row->to = from;
    row->first = table->ncells;

    return row;
}


static void
review_table_trim(review_cell_t *cell)
{
    while (cell->from < cell->to && (unsigned char) *cell->from <= ' ') {
        cell->from++;
    }

    while (cell->to > cell->from && (unsigned char) cell->to[-1] <= ' ') {
        cell->to--;
    }
}


/* one cell more of the last row */

static void
review_table_add(review_table_t *table, const review_cell_t *cell)
{
    size_t          size;
    review_row_t   *row;
    review_cell_t  *cells;

    row = &table->rows[table->nrows - 1];
    size = (size_t) (cell->to - cell->from) + REVIEW_TABLE_CELL;

    if (row->n == REVIEW_TABLE_COLUMNS) {
        table->bad = 1;
        return;
    }

    if (table->over || size > table->left) {
        table->bad = 1;
        table->over = 1;
        return;
    }

    table->left -= size;

    cells = review_table_more(table, table->cells, table->ncells,
                              &table->acells, sizeof(review_cell_t));
    if (cells == NULL) {
        return;
    }

    table->cells = cells;
    table->cells[table->ncells++] = *cell;
    row->n++;
}


/* a line with pipes, without those at its ends */

static void
review_table_line(review_table_t *table, const char *p, const char *end)
{
    review_row_t   *row;
    review_cell_t   cell;

    cell.from = p;
    cell.to = end;
    review_table_trim(&cell);
    p = cell.from;
    end = cell.to;

    row = review_table_row(table, p);

    if (row == NULL) {
        return;
    }

    row->to = end;

    p += p < end && *p == '|';
    end -= end > p && end[-1] == '|' && (end - p < 2 || end[-2] != '\\');

    memset(&cell, 0, sizeof(cell));
    cell.span = 1;

    for (cell.from = p; p <= end; p++) {
        if (p < end && (*p != '|' || p[-1] == '\\')) {
            continue;
        }

        cell.to = p;
        review_table_trim(&cell);
        review_table_add(table, &cell);
        cell.from = p + 1;
    }
}


/* |---|:--:| */

static int
review_table_is_rule(const char *p, const char *end)
{
    int  dashes;

    for (dashes = 0; p < end; p++) {
        if (*p == '-') {
            dashes++;

        } else if (*p != '|' && *p != ':' && (unsigned char) *p > ' ') {
            return 0;
        }
    }

    return dashes > 0;
}


static const char *
review_table_line_end(const char *p, const char *last)
{
    const char  *end;

    end = p < last ? memchr(p, '\n', (size_t) (last - p)) : NULL;

    return end ? end : last;
}


/* does a row begin with a pipe here? */

static int
review_table_is_row(const char *p, const char *end, int ruled)
{
    const char  *s;

    for (s = p; s < end && (unsigned char) *s <= ' '; s++) { /* void */ }

    return s < end
           && (*s == '|' || (ruled && memchr(s, '|', (size_t) (end - s))));
}


/* a table of pipes that begins with the line at p; returns behind it, or p */

static const char *
review_table_pipes(review_table_t *table, const char *p, const char *last)
{
    int          ruled;
    const char  *end, *next;

    end = review_table_line_end(p, last);

    if (memchr(p, '|', (size_t) (end - p)) == NULL) {
        return p;
    }

    next = end < last ? end + 1 : last;
    ruled = memchr(next, '|', (size_t) (review_table_line_end(next, last)
                                        - next)) != NULL
            && review_table_is_rule(next, review_table_line_end(next, last))
            && !review_table_is_rule(p, end);

    if (!review_table_is_row(p, end, ruled)) {
        return p;
    }

    table->from = p;
    table->headed = ruled;

    while (p < last && review_table_is_row(p, end, ruled)) {
        if (!review_table_is_rule(p, end)) {
            review_table_line(table, p, end);
        }

        table->to = end;
        p = end < last ? end + 1 : last;
        end = review_table_line_end(p, last);
    }

    if (ruled && table->nrows) {
        table->rows[0].head = 1;
    }

    return p;
}


/* is the tag at p of that name?  Returns behind it, or NULL */

static const char *
review_table_tag(const char *p, const char *last, const char *name, int closes)
{
    size_t       n;
    const char  *end;

    n = strlen(name);

    if (last - p < (ptrdiff_t) n + 2 + closes || *p != '<'
        || (closes && p[1] != '/')
        || strncasecmp(p + 1 + closes, name, n) != 0)
    {
        return NULL;
    }

    p += 1 + closes + n;

    if (*p != '>' && *p != ' ' && *p != '\n' && *p != '\t' && *p != '/'
        && *p != '\r')
    {
        return NULL;
    }

    end = memchr(p, '>', (size_t) (last - p > 512 ? 512 : last - p));

    return end ? end + 1 : NULL;
}


/* colspan="3" in a tag */

static size_t
review_table_attribute(const char *p, const char *end, const char *name)
{
    size_t  n, value;

    n = strlen(name);

    for ( /* void */ ; end - p > (ptrdiff_t) n; p++) {
        if (strncasecmp(p, name, n) != 0) {
            continue;
        }

        for (p += n; p < end && strchr(" =\"'", *p) && *p; p++) { /* void */ }

        for (value = 0; p < end && review_glyph_is_digit(*p)
             && value < REVIEW_TABLE_ROWSPAN; p++)
        {
            value = value * 10 + (size_t) (*p - '0');
        }

        return value ? value : 1;
    }

    return 1;
}


/* cells of the rows above that go on here */

static void
review_table_carried(review_table_html_t *h)
{
    review_cell_t          cell;
    review_table_carry_t  *carry;

    while (h->column < REVIEW_TABLE_COLUMNS
           && h->carry[h->column].rows)
    {
        carry = &h->carry[h->column];
        carry->rows--;
        cell = carry->cell;
        cell.below = 1;
        review_table_add(h->table, &cell);
        h->column++;
    }
}


static void
review_table_close_cell(review_table_html_t *h, const char *end)
{
    size_t          i;
    review_cell_t   cell;

    if (!h->open) {
        return;
    }

    h->open = 0;
    h->cell.to = end;
    review_table_trim(&h->cell);

    review_table_carried(h);

    cell = h->cell;

    for (i = 0; i < h->cell.span && !h->table->bad; i++) {
        cell.span = i ? 0 : h->cell.span;

        if (h->column < REVIEW_TABLE_COLUMNS) {

            /* one above reaches into it */

            h->table->bad |= h->carry[h->column].rows > 0;

            h->carry[h->column].cell = cell;
            h->carry[h->column].rows = h->rowspan - 1;
        }

        review_table_add(h->table, &cell);
        h->column++;
    }
}


static void
review_table_close_row(review_table_html_t *h, const char *end)
{
    review_row_t  *row;

    if (!h->row) {
        return;
    }

    review_table_close_cell(h, end);
    review_table_carried(h);

    row = &h->table->rows[h->table->nrows - 1];
    row->to = end;
    row->head = row->n && (h->head || h->th);
    h->row = 0;
}


static void
review_table_open_row(review_table_html_t *h, const char *from, const char *at)
{
    review_table_close_row(h, at);

    if (review_table_row(h->table, from)) {
        h->row = 1;
        h->th = 1;
        h->column = 0;
    }
}


static void
review_table_open_cell(review_table_html_t *h, const char *at, const char *end,
    int th)
{
    if (!h->row) {
        review_table_open_row(h, at, at);
    }

    review_table_close_cell(h, at);

    h->open = 1;
    h->th &= th;
    h->cell.from = end;
    h->cell.to = end;
    h->cell.below = 0;
    h->cell.span = (unsigned) review_table_attribute(at, end, "colspan");
    h->rowspan = review_table_attribute(at, end, "rowspan");

    if (h->cell.span > REVIEW_TABLE_COLUMNS) {
        h->cell.span = 1;
        h->table->bad = 1;
    }
}


/* what is inside of <table>; returns behind it */

static const char *
review_table_html(review_table_t *table, const char *p, const char *last)
{
    int                   depth;
    const char           *end;
    review_table_html_t   h;

    memset(&h, 0, sizeof(h));
    h.table = table;
    table->html = 1;
    end = last;

    for (depth = 1; p < last && !table->failed; /* void */ ) {
        if (*p != '<') {
            end = memchr(p, '<', (size_t) (last - p));
            p = end ? end : last;
            continue;
        }

        if ((end = review_table_tag(p, last, "table", 0))) {
            depth++;
            table->bad = 1;

        } else if ((end = review_table_tag(p, last, "table", 1))) {
            if (--depth == 0) {
                break;
            }

        } else if ((end = review_table_tag(p, last, "tr", 0))) {
            review_table_open_row(&h, end, p);

        } else if ((end = review_table_tag(p, last, "tr", 1))) {
            review_table_close_row(&h, p);

        } else if ((end = review_table_tag(p, last, "td", 0))) {
            review_table_open_cell(&h, p, end, 0);

        } else if ((end = review_table_tag(p, last, "th", 0))) {
            review_table_open_cell(&h, p, end, 1);

        } else if ((end = review_table_tag(p, last, "td", 1))
                   || (end = review_table_tag(p, last, "th", 1)))
        {
            review_table_close_cell(&h, p);

        } else if ((end = review_table_tag(p, last, "thead", 0))) {
            h.head = 1;

        } else if ((end = review_table_tag(p, last, "thead", 1))) {
            review_table_close_row(&h, p);
            h.head = 0;

        } else {
            end = p + 1;
        }

        p = end;
    }

    review_table_close_row(&h, p);
    table->headed = 1;
    table->to = p < last ? end : last;

    return table->to;
}


int
review_table_next(review_table_t *table, const char **p, const char *last)
{
    const char  *s, *end, *tag;

    table->ncells = 0;
    table->nrows = 0;
    table->html = 0;
    table->headed = 0;
    table->bad = 0;

    for (s = *p; s < last; s = end < last ? end + 1 : last) {
        end = review_table_line_end(s, last);

        for (tag = s; tag < end
             && (tag = memchr(tag, '<', (size_t) (end - tag))); tag++)
        {
            *p = review_table_tag(tag, last, "table", 0);

            if (*p) {
                table->from = tag;
                *p = review_table_html(table, *p, last);
                return 1;
            }
        }

        *p = review_table_pipes(table, s, last);

        if (*p > s) {
            return 1;
        }
    }

    *p = last;

    return 0;
}


const review_cell_t *
review_table_cell(const review_table_t *table, const review_row_t *row,
    size_t column)
{
    size_t  i;

    if (column >= row->n) {
        return NULL;
    }

    i = row->first + column;

    while (i > row->first && table->cells[i].span == 0) {
        i--;
    }

    return &table->cells[i];
}
