
/* What gathering, merging and telling what was found share. */

#ifndef _REVIEW_REPORT_SHARED_H_INCLUDED_
#define _REVIEW_REPORT_SHARED_H_INCLUDED_


#include "review/report/report.h"

#pragma GCC visibility push(hidden)


typedef enum {
    REVIEW_REPORT_OK = 0,
    REVIEW_REPORT_FAILED,
    REVIEW_REPORT_TIMEOUT,
    REVIEW_REPORT_SKIPPED,
    REVIEW_REPORT_STATUSES,
    REVIEW_REPORT_NOTHING = REVIEW_REPORT_STATUSES   /* was told yet */
} review_report_status_e;

/* names, in the order of the enumeration, NULL at the end */

extern const char *const  review_report_statuses[];

/* of a report, or a chunk of it */

typedef enum {
    REVIEW_REPORT_COMPLETE = 0,
    REVIEW_REPORT_PARTIAL,
    REVIEW_REPORT_NONE
} review_report_outcome_e;

extern const char *const  review_report_outcomes[];


/* where a quote stands, in the order in which they are told */

typedef enum {
    REVIEW_REPORT_DOCUMENT = 0,
    REVIEW_REPORT_REFERENCE,
    REVIEW_REPORT_NOWHERE
} review_report_kind_e;

typedef struct {
    review_str_t              quote;     /* the text's own, but for NOWHERE */
    uint32_t                  start;     /* code points, but for NOWHERE */
    uint32_t                  end;
    uint32_t                  chunk;
    uint32_t                  reference; /* which, or which document */
    uint32_t                  clause;
    uint8_t                   kind;
    uint8_t                   match;
    uint8_t                   header;    /* in a header that is repeated */
    uint8_t                   elsewhere; /* not in what the chunk was judged
                                            by: found afterwards */
    uint8_t                   sought;    /* NOWHERE: in all texts, in vain */
} review_report_evidence_t;


typedef struct {
    review_str_t              reason;
    review_str_t              suggestion;
    review_str_t              data;      /* JSON; len is 0: there is none */
    double                    confidence; /* -1: none */
    review_report_evidence_t *evidence;
    const review_report_passages_t *passages; /* of a reading, or NULL */
    const review_report_agree_t *fact;   /* whose values differ, or NULL */
    uint32_t                  nevidence;
    uint32_t                  chunk;
    uint8_t                   verdict;
    uint8_t                   severity;
    uint8_t                   grounded;
    uint8_t                   needs_human;
    uint8_t                   absent;    /* it is nowhere in the document */
    uint8_t                   warnings;
    uint16_t                  notes;
} review_report_finding_t;


/* the data of an answer, some of which is compared with that of others */

typedef struct review_report_data_s  review_report_data_t;

struct review_report_data_s {
    review_report_data_t     *next;
    const review_report_finding_t *finding; /* that it goes with; or NULL */
    review_str_t              data;      /* JSON */
    uint32_t                  point;
    uint32_t                  chunk;
};


/* a value of a fact, wherever it stands */

typedef struct {
    review_str_t              text;      /* as the first answer has it */
    review_report_evidence_t *places;    /* NOWHERE: not in its chunk */
    size_t                    nplaces;
    size_t                    first;     /* of what was said, the first */
    int                       grounded;  /* one place at least is there */
} review_report_value_t;


typedef struct {
    size_t                    point;
    size_t                    name;      /* of the point's "agree" */
    review_report_value_t    *values;
    size_t                    nvalues;
    size_t                    total;     /* places of all */
    size_t                    left;      /* not compared */
    int                       agree;     /* 1, 0; -1: that can't be told */
    review_report_finding_t  *finding;   /* NULL: nothing differs */
} review_report_fact_t;


typedef struct {
    review_code_t             code;
    review_str_t              other;     /* the name of REVIEW_CODE_OTHER */
    review_str_t              detail;
} review_report_error_t;


/* the last ones, since many cells share an error; and what others have cost */

#define REVIEW_REPORT_ERRORS  8

typedef struct {
    const review_report_error_t  *last[REVIEW_REPORT_ERRORS];
    uint32_t                  next;
    uint32_t                  size;      /* bytes, of cells asked again */
} review_report_errors_t;


typedef struct {
    union {
        review_report_finding_t      *finding; /* OK; NULL: not worth telling */
        const review_report_error_t  *error;   /* FAILED, TIMEOUT */
    } u;

    uint32_t                  attempts;
    uint32_t                  elapsed;   /* milliseconds */
    uint8_t                   status;
    uint8_t                   verdict;   /* OK */
    uint8_t                   needs_human; /* OK, without a finding */
    uint8_t                   warnings;  /* of any status */
    uint8_t                   again;     /* FAILED, TIMEOUT: is asked again */
    uint8_t                   reading;   /* it is that of one: no result */
    uint8_t                   found;     /* OK, of a reading */
    uint8_t                   why;       /* SKIPPED */
    uint16_t                  notes;     /* OK */
} review_report_cell_t;


/* a reading */

typedef struct {
    size_t                    point;
    review_report_passages_t  passages;
    review_report_cell_t      cell;
    review_str_t              terms;     /* by which it might be found */
} review_report_row_t;


/* a point about the document */

typedef struct {
    review_report_cell_t      cell;
    review_search_result_t    searched;
    const review_report_row_t *row;      /* that decides, or NULL */
} review_report_whole_t;


/* findings of one point and one verdict, told as one */

typedef struct {
    review_report_finding_t  *told;      /* the one whose words are told */
    review_report_evidence_t *evidence;  /* of all */
    const uint32_t           *chunks;    /* ascending */
    review_report_finding_t **also;      /* other words, by their chunks */
    uint32_t                  nevidence;
    uint32_t                  nchunks;
    uint32_t                  nalso;
    uint64_t                  place;     /* in the documents */
    review_where_t            where;     /* that stands */
    uint8_t                   severity;
    uint8_t                   needs_human;
    uint8_t                   warnings;  /* of all */
    uint16_t                  notes;     /* of all */
} review_report_group_t;


/* what is said of a point over the document */

typedef struct {
    review_report_group_t    *groups;    /* in the order to be told in */
    size_t                    ngroups;
    size_t                    cells[REVIEW_REPORT_STATUSES];
    size_t                    skipped[REVIEW_REPORT_SKIPS];
    int                       verdict;   /* -1: none */
    int                       severity;  /* -1: none */
    unsigned                  warnings;  /* of all cells */
    unsigned                  needs_human:1;
} review_report_column_t;


/* of points and of clauses, by id */

typedef struct {
    review_str_t              id;
    size_t                    n;
} review_report_index_t;


/* a text that is quoted: the document, or a reference */

typedef struct {
    review_str_t              text;
    uint32_t                 *marks;     /* bytes before some code points */
    size_t                    length;    /* code points */
    const review_places_t    *places;    /* NULL: they are not known */
} review_report_source_t;


/* what the reply to a chunk has said, and is not in the report yet */

struct review_report_told_s {
    const review_report_t        *report;
    review_pool_t                *pool;
    size_t                        chunk;
    const review_report_row_t    *row;   /* NULL: it is no reading */
    review_report_cell_t         *cells; /* of all points */
    review_report_errors_t        errors;
    review_report_data_t         *data;
    review_str_t                  terms; /* of a reading */
    uint64_t                      nowhere;
    uint64_t                      calls;
    uint64_t                      retries;
    uint64_t                      prompt_tokens;
    uint64_t                      completion_tokens;
    int                           whole;
    int                           again; /* the cell was told of before */
};


struct review_report_s {
    review_pool_t                *pool;
    const review_report_reference_t  *documents;
    size_t                        ndocuments;
    review_report_source_t       *texts; /* of the documents */
    uint32_t                     *homes; /* of chunks: their documents; NULL:
                                            there is but one */

    const review_report_chunk_t  *chunks;
    size_t                        nchunks;
    const review_report_point_t  *points;
    size_t                        npoints;
    review_report_index_t        *index; /* of the points, by id */

    const review_report_reference_t  *references;
    size_t                        nreferences;
    review_report_source_t       *sources; /* of the references */
    const review_report_chunk_t  *clauses;
    size_t                        nclauses;
    review_report_index_t        *clause_index; /* of the clauses, by id */
    uint32_t                     *owners; /* of clauses: their references */

    review_report_cell_t         *cells; /* chunk by chunk */
    review_report_whole_t        *wholes; /* of points */
    review_report_row_t         **rows;  /* readings */
    size_t                        nrows;
    size_t                        room;  /* for them */
    int                           english;
    int                           unselected; /* a chunk was, for a point */
    review_report_errors_t        errors;
    uint64_t                      nowhere; /* evidence of that kind */
    uint64_t                      read;  /* bytes, to find it elsewhere */
    review_report_counts_t        counts;
    int                           cut;   /* for the end of the process */

    review_report_data_t         *data;  /* of points that have "agree" */
    review_report_fact_t         *facts; /* NULL: none, or not yet */
    size_t                        nfacts;

    review_report_told_t         *told;  /* used again and again, or NULL */
    review_report_column_t       *columns; /* NULL until it is finished */
};


/* finds out which findings of a point are one */

typedef struct {
    uint32_t                   lane;     /* only those of one lane meet */
    uint32_t                   start;
    uint32_t                   end;
    uint32_t                   entry;
    uint32_t                   place;    /* of all that are nearly the same */
} review_report_span_t;

typedef struct {
    review_report_t           *report;
    uint32_t                  *texts;    /* of a chunk: the first chunk with
                                            the same text; NULL: not yet */
    review_report_finding_t  **entries;  /* of a point, by their chunks */
    uint32_t                  *parents;  /* of the entries: the first one */
    uint32_t                  *leaders;  /* of places: the entry to go with */
    uint32_t                  *order;    /* entries, group by group */
    uint32_t                  *firsts;   /* where a group begins in order */
    review_report_span_t      *spans;
    uint32_t                   n;
    uint32_t                   nspans;
    uint32_t                   ngroups;
} review_report_merge_t;


#define review_report_cell(report, chunk, point)                              \
    (&(report)->cells[(chunk) * (report)->npoints + (point)])

/* that of a chunk, or of a reading, or NULL: there is no such */

review_report_cell_t *review_report_row_cell(const review_report_t *report,
    size_t chunk, size_t point);
review_report_row_t *review_report_row(const review_report_t *report,
    size_t chunk);

/* the document of a chunk */

#define review_report_home(report, chunk)                                     \
    ((report)->homes ? (report)->homes[chunk] : 0)

/* a cell that something may be told of */

#define review_report_is_open(cell)                                           \
    ((cell)->status == REVIEW_REPORT_NOTHING || (cell)->again)

/* most chunks of a document, and clauses of all references */

#define REVIEW_REPORT_CHUNKS  ((size_t) 1 << 28)

/* makes a text one that can be sliced; 0, or -1: no memory, or 4 GB of it */

int review_report_text_mark(review_pool_t *pool, review_report_source_t *source,
    const review_str_t *text);

/* the text's own code points, or -1: it has no such */

int review_report_text_slice(const review_report_source_t *source, size_t start,
    size_t end, review_str_t *text);

/*
 * Where a quote stands, and a chunk, whose heading is that of all of it.  The
 * line is 0: it stands nowhere, or that is not known.
 */

void review_report_text_where(const review_report_t *report,
    const review_report_evidence_t *e, review_where_t *where);
void review_report_text_chunk(const review_report_t *report, size_t chunk,
    review_where_t *where);

/* was something of the texts not read? */

int review_report_text_is_unread(const review_report_t *report);

/* or of the chunks, for a point about the document? */

int review_report_row_is_unread(const review_report_t *report);

/* a finding of our own: nothing is there; NULL: no memory */

review_report_finding_t *review_report_reading_absent(review_report_t *report,
    size_t point, const review_search_result_t *result);

/* points about the document of which nothing was told have failed; 0 or -1 */

int review_report_reading_finish(review_report_t *report);

/* an index is sorted once, then finds the "n" of an id, or -1 */

void review_report_index_sort(review_report_index_t *index, size_t n);
int64_t review_report_index_find(const review_report_index_t *index, size_t n,
    const review_str_t *id);

/* all cells of a chunk that are open get the error; 0 or -1 */

int review_report_fill(review_report_t *report, size_t chunk,
    review_code_t code, const char *detail);

/* a cell that is open; what it has cost before is added to what it tells */

void review_report_set(review_report_t *report, review_report_cell_t *cell,
    const review_report_cell_t *told);

/*
 * Copies; an error is one of the last where it is the same, since cells that
 * fail one after another mostly do so for one reason.  Of cells that are asked
 * again and again no more than so much is kept, then only their codes.  NULL:
 * no memory.
 */

#define REVIEW_REPORT_AGAIN  (1024 * 1024)

const review_report_error_t *review_report_error(review_pool_t *pool,
    review_report_errors_t *errors, const review_report_error_t *told,
    int again);

/* the name of its code, which may be written into "buf" */

review_str_t review_report_code(const review_report_error_t *error,
    char buf[REVIEW_CODE_NAME]);

/* copies to the pool; 0 or -1 */

int review_report_copy(review_pool_t *pool, const review_str_t *str,
    review_str_t *copy);

/* by length, then by bytes */

int review_report_index_order(const review_str_t *a, const review_str_t *b);

/* of verdicts: the worst first */

extern const uint8_t  review_report_ranks[];

/*
 * Which of the m->n entries, which are a point's findings, are one: the parent
 * of each is the first of those, or itself.  0, or -1: no memory.
 */

int review_report_span_join(review_report_merge_t *m);

/* 1: a point was not asked of every chunk, and of how many it was */

int review_report_verdict_read(const review_report_t *report, size_t point,
    review_search_result_t *searched);

/* makes groups of the entries; 0 or -1 */

int review_report_merge_groups(review_report_merge_t *m,
    review_report_column_t *column);

/* the finding as the only one of its group; it is left as it is */

void review_report_merge_one(const review_report_t *report,
    review_report_finding_t *f, review_report_group_t *group);

/* what is told of the point besides, which is no group yet; 0 or -1 */

int review_report_merge_add(const review_report_t *report,
    review_report_column_t *column, review_report_finding_t *f);

/* the outcome of so many cells, and that of the report as a whole */

review_report_outcome_e review_report_outcome(const size_t *cells);
review_report_outcome_e review_report_outcome_all(
    const review_report_t *report);

/* of one chunk, or of all */

void review_report_chunk_cells(const review_report_t *report, size_t chunk,
    size_t *cells);
void review_report_all_cells(const review_report_t *report, size_t *cells);

/* from the outermost heading; of a longer path the innermost part */

#define REVIEW_REPORT_PATH  32

size_t review_report_path(const review_heading_t *heading,
    const review_str_t *path[REVIEW_REPORT_PATH]);


#pragma GCC visibility pop


#endif /* _REVIEW_REPORT_SHARED_H_INCLUDED_ */
