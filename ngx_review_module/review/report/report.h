
/*
 * The report on a whole document, made of the reviews of its chunks: what is
 * found in several chunks is told once, and offsets are those of the document.
 */

#ifndef _REVIEW_REPORT_H_INCLUDED_
#define _REVIEW_REPORT_H_INCLUDED_


#include "review/base/buf.h"
#include "review/base/code.h"
#include "review/base/review.h"
#include "review/document/document.h"
#include "review/document/place.h"
#include "review/search/search.h"
#include "review/split/split.h"

#pragma GCC visibility push(hidden)


/* a member of the data of a point whose values have to agree */

typedef struct {
    review_str_t           name;
    review_str_t           title;        /* what people call it */
} review_report_agree_t;


/* a point of the report: a column of cells */

typedef struct {
    review_str_t           id;
    review_str_t           title;
    int                    absent;       /* the verdict where it is nowhere;
                                            -1: that is not known */
    const review_report_agree_t *agree;
    size_t                 nagree;
    uint8_t                severity;
    unsigned               rule:1;       /* no LLM decides it */
    unsigned               document:1;   /* it is asked about the document: it
                                            has a cell of its own, made of
                                            readings */
    unsigned               unheaded:1;   /* no heading fits its names: it is
                                            asked of everything */
} review_report_point_t;


/* a chunk of the report: a row of cells; offsets are code points */

typedef struct {
    review_str_t           id;
    size_t                 start;        /* of its text in the document, */
    size_t                 end;          /* without the header of a table */
    size_t                 header;       /* code points of a table's header */
    size_t                 header_start; /* before it, and where that stands */
    const review_heading_t *heading;     /* NULL: none */
} review_report_chunk_t;


/*
 * A reference, which chunks are judged against; its clauses go with them.  A
 * clause is a chunk of its reference, and so are its offsets.
 */

typedef struct {
    review_str_t           id;
    review_document_t      document;
    size_t                 nclauses;
} review_report_reference_t;


typedef struct review_report_s  review_report_t;


/*
 * How a point is judged over the document: fail if any chunk says so, else
 * risk, else unsure, else pass if any passes; else it is not applicable.  There
 * is no verdict where nothing is ok, and a person has to look; but where all
 * was looked at, and the point's own conditions have left out all of it, it is
 * the one that the point has for what is nowhere.  The severity is the worst of
 * what fails or is a risk.
 *
 * A person has to look if a finding with that verdict asks for it, and if any
 * cell failed or timed out: what was not seen there might hide something; and
 * if there is a warning of any, whatever its verdict.  Where something of the
 * document or of a reference was not read, so is it for each verdict but fail;
 * that a rule has found nothing is no pass then, but unsure, and if it is a
 * fail, a person has to look, too.
 *
 * Findings are those of fail, risk, unsure, and of pass if they quote.  Those
 * of one point and one verdict are told as one if they quote nearly the same
 * place of the document; in a table's header that is repeated only if they
 * quote nothing else; and if they quote nothing of the document, where their
 * chunks have the same text.  Then
 *
 * - reason, suggestion, confidence, data and "grounded" are those of the one
 *   with the highest confidence, of the earlier chunk if there are several;
 * - what the others say in other words is told beside it;
 * - the severity is the worst of all;
 * - the evidence is that of all, each place once, in the order of the
 *   document, then of the references; quotes that stand nowhere are only those
 *   of the one told;
 * - the warnings and notes are those of all;
 * - a person has to look only if all of them ask for it, or if there is a
 *   warning.
 *
 * Quotes of the document, or of a reference, are its own text from "start" to
 * "end".  What does not stand where a reply says so is told as its "none", and
 * the finding then is not grounded and needs a person.  A quote that begins in
 * a repeated header and ends in the rows is cut to the larger part of it.
 *
 * Before it is said of a quote that it stands nowhere, all texts are searched.
 * One that was found elsewhere than in the chunk's own text is told with that
 * place; the finding still is not grounded and needs a person, since it was
 * judged without that place, and such a place makes no two findings one.
 */

/*
 * All is the caller's and must outlive the report.  Chunks are in the order of
 * the document, clauses in that of their reference.  Ids of points are unique.
 * NULL: no memory, or too much: 4 GB of text, 2^28 chunks, 2^20 points.
 *
 * Of several documents the chunks of each follow those of the one before; so
 * many are its "clauses".  Evidence is of the document with that id.
 */

review_report_t *review_report_create(review_pool_t *pool,
    const review_document_t *document, const review_report_chunk_t *chunks,
    size_t nchunks, const review_report_point_t *points, size_t npoints);

review_report_t *review_report_create_of(review_pool_t *pool,
    const review_report_reference_t *documents, size_t ndocuments,
    const review_report_chunk_t *chunks, size_t nchunks,
    const review_report_point_t *points, size_t npoints);

/*
 * Once, before any reply: what their evidence may be quoted from beside the
 * document.  Clauses are those of the first reference, then of the next; their
 * ids are unique.  All is the caller's and must outlive the report.  0, or -1:
 * no memory, or too much, as above.
 */

int review_report_text_references(review_report_t *report,
    const review_report_reference_t *references, size_t nreferences,
    const review_report_chunk_t *clauses);

/*
 * Once, before anything is told: the lines, pages and headings of places in
 * each document, and in each reference.  Without them headings are those of
 * chunks.
 */

void review_report_text_places(review_report_t *report,
    const review_places_t *documents, const review_places_t *references);

/*
 * The reply to the review of a chunk, parsed; nothing of it is needed any more
 * when this returns.  What is not in it, or makes no sense, counts as failed
 * ("bad_reply"); cells that were told of before stay as they are, unless they
 * are asked again.  0, or -1: no memory.
 */

int review_report_read_add(review_report_t *report, size_t chunk,
    json_t *reply);

/*
 * The same in three steps.  Reading takes long: a thread may do it while others
 * add to the report, but nothing to this chunk.  It takes from the pool, which
 * must outlive the report, and changes nothing of that.  Where the reply never
 * came to its "whole" it is an array of results, and the other cells of the
 * chunk stay as they are.  NULL, and -1: no memory.
 */

typedef struct review_report_told_s  review_report_told_t;

review_report_told_t *review_report_read_begin(const review_report_t *report,
    review_pool_t *pool, size_t chunk);
int review_report_read(review_report_told_t *told, json_t *reply, int whole);
int review_report_read_take(review_report_t *report,
    const review_report_told_t *told);

/*
 * All cells of a chunk that have nothing yet, or are asked again, have failed,
 * or taken too long, as the code says; the detail is copied.
 */

int review_report_fail(review_report_t *report, size_t chunk,
    review_code_t code, const char *detail);

/* a point that is not asked of a chunk, and why: its cell is "skipped"; 0 */

typedef enum {
    REVIEW_REPORT_SKIP_WHEN = 0,         /* so the reviewer says */
    REVIEW_REPORT_SKIP_SELECT,           /* it was not selected: it is unread */
    REVIEW_REPORT_SKIP_BLANK,            /* there is nothing in it */
    REVIEW_REPORT_SKIP_HEADING,          /* it stands below another one */
    REVIEW_REPORT_SKIP_DOCUMENTS         /* it is of another document */
} review_report_skip_e;

#define REVIEW_REPORT_SKIPS  5

int review_report_skip(review_report_t *report, size_t chunk, size_t point,
    review_report_skip_e why);


/* not all is done, since the process has to end: Markdown says so */

void review_report_cut(review_report_t *report);


/* what has become of a cell */

typedef struct {
    review_code_t          code;         /* of its failure, or OK */
    uint32_t               attempts;
    unsigned               told:1;       /* it has something, */
    unsigned               ended:1;      /* and is not asked again */
} review_report_state_t;

/* in place of a chunk: that of the point itself, if it is about the document */

#define REVIEW_REPORT_WHOLE  SIZE_MAX

void review_report_state(const review_report_t *report, size_t chunk,
    size_t point, review_report_state_t *state);

/*
 * A cell that has failed is asked again: until then its failure is no result,
 * but stays if there is none.  What is asked again of a chunk, or of all, and
 * was told of no more, has failed as before.
 */

void review_report_again(review_report_t *report, size_t chunk, size_t point);
void review_report_settle(review_report_t *report, size_t chunk);


/*
 * How many cells there are of each status, in all chunks that were told; those
 * that are asked again are "failing" and nothing else.
 */

typedef struct {
    size_t                 total;
    size_t                 failing;
    size_t                 ok;
    size_t                 failed;
    size_t                 timeout;
    size_t                 skipped;
    uint64_t               calls;
    uint64_t               retries;
    uint64_t               prompt_tokens;
    uint64_t               completion_tokens;
} review_report_counts_t;

void review_report_counts(const review_report_t *report,
    review_report_counts_t *counts);

/*
 * A reading: a chunk made of passages, for a point about the document.  Its
 * number is that of a chunk behind those of the document.  0, or -1: no memory.
 */

int review_report_row_add(review_report_t *report, size_t point,
    size_t *chunk);

/* what it is made of, once, before any reply; copied */

typedef struct {
    size_t                 start;        /* code points of the reading, */
    size_t                 end;
    size_t                 at;           /* and where they stand */
    size_t                 document;
} review_report_segment_t;

typedef struct {
    const review_report_segment_t  *segments;  /* ascending */
    size_t                 nsegments;
    const uint32_t        *chunks;       /* ascending */
    size_t                 nchunks;
} review_report_passages_t;

int review_report_reading_set(review_report_t *report, size_t chunk,
    const review_report_passages_t *passages);

/* what came of a reading; what it quotes is the pool's.  0, or -1: no memory */

int review_report_reading_said(const review_report_t *report,
    review_pool_t *pool, size_t chunk, review_search_answer_t *answer);

/* words by which it might be found, as a reading that has not says; or none */

review_str_t review_report_reading_terms(const review_report_t *report,
    size_t chunk);

/*
 * The point's cell has come to its end: by the reading of this number, or that
 * of any where none decides.  0, or -1: no memory.
 */

int review_report_reading_end(review_report_t *report, size_t point,
    size_t chunk, const review_search_result_t *result);

/* the language of what is said without an LLM: "zh", "en" */

void review_report_reading_language(review_report_t *report,
    const review_str_t *language);

/* something of the texts was not read: the report is not complete */

int review_report_is_unread(const review_report_t *report);

/*
 * When all cells have something: looks up in the whole document, then in the
 * references, what replies have not found, unless "stop" becomes anything but
 * zero or more than so many bytes had to be read for it; what was not looked up
 * is told so.  May run on a thread: nothing is taken from the report's pool,
 * and what is taken from this one is not needed afterwards.  0, or -1: no
 * memory, and then nothing was looked up.
 */

int review_report_elsewhere_find(review_report_t *report, review_pool_t *pool,
    uint64_t budget, const volatile uintptr_t *stop);

/* about the bytes that would be read for that, of texts; 0: nothing is */

uint64_t review_report_elsewhere_size(const review_report_t *report);

/*
 * Merges what was found; once, when all cells have something: those that have
 * not are failed ("internal").  0, or -1: no memory.
 */

int review_report_verdict_finish(review_report_t *report);


#pragma GCC visibility pop


#endif /* _REVIEW_REPORT_H_INCLUDED_ */
