/*
 * How fast quotes are looked for, on one core:
 *
 *     quote FILE
 *
 * FILE, a text of sentences, stands in another one 44 times, and once more with
 * a mark before each full stop: quotes end with one, so that all before it is
 * read.  Of 64 quotes, looked up at once as those of an answer are: as they
 * stand there; with a space behind each character; and with another character,
 * which stand nowhere.  The text is new each time.
 *
 * Prints one line of JSON: microseconds a quote, the least of some runs, and
 * how many were found.
 */

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "review/quote/evidence.h"


#define COPIES   44
#define QUOTES   64
#define BEFORE   30                    /* characters of a quote, and its end */
#define RUNS     15

#define STOP     "\xe3\x80\x82"        /* 。 */
#define MARK     "\xe6\x9c\xab"        /* 末 */
#define NOWHERE  "\xe3\x90\x80"        /* 㐀 */


typedef struct {
    review_pool_t      pool;
    void              *blocks[4096];
    size_t             n;
} blocks_t;

typedef struct {
    review_str_t       text;
    review_str_t       quotes[QUOTES];
    size_t             found;
} search_t;


static void *
memory(size_t size)
{
    void  *p;

    p = malloc(size ? size : 1);

    if (p == NULL) {
        fprintf(stderr, "quote: no memory\n");
        exit(1);
    }

    return p;
}


static void *
blocks_alloc(review_pool_t *pool, size_t size)
{
    blocks_t *blocks = pool->ctx;

    if (blocks->n == sizeof(blocks->blocks) / sizeof(blocks->blocks[0])) {
        fprintf(stderr, "quote: too many blocks\n");
        exit(1);
    }

    return blocks->blocks[blocks->n++] = memory(size);
}


static char *
read_file(const char *name, size_t *size)
{
    FILE  *f;
    char  *data;

    f = fopen(name, "rb");
    data = memory(1 << 20);

    if (f == NULL || (*size = fread(data, 1, 1 << 20, f)) == 0) {
        fprintf(stderr, "quote: %s can't be read\n", name);
        exit(1);
    }

    fclose(f);

    return data;
}


static void
make_text(search_t *s, const char *data, size_t size)
{
    int          i;
    char        *p;
    const char  *from, *last;

    p = memory(size * (COPIES + 2));
    s->text.data = p;

    for (i = 0; i < COPIES; i++) {
        p = (char *) memcpy(p, data, size) + size;
    }

    last = data + size;

    for (from = data; from < last; from++) {
        if (last - from >= 3 && memcmp(from, STOP, 3) == 0) {
            p = (char *) memcpy(p, MARK, 3) + 3;
        }

        *p++ = *from;
    }

    s->text.len = (size_t) (p - s->text.data);
}


/* how a quote is written */

typedef enum {
    AS_IT_STANDS,
    SPACED,
    ANOTHER
} kind_e;


/* characters [from, to), which are whole */

static void
write_quote(review_str_t *quote, const char *from, const char *to, kind_e kind)
{
    char  *p;

    p = memory((size_t) (to - from) * 2 + 3);
    quote->data = p;

    if (kind == ANOTHER) {
        p = (char *) memcpy(p, NOWHERE, 3) + 3;
    }

    while (from < to) {
        *p++ = *from++;

        if (kind == SPACED && (from == to || (*from & 0xc0) != 0x80)) {
            *p++ = ' ';
        }
    }

    quote->len = (size_t) (p - quote->data);
}


static void
make_quotes(search_t *s, size_t size, kind_e kind)
{
    int          i, n;
    const char  *p, *from, *last;

    p = s->text.data + size * COPIES;
    last = s->text.data + s->text.len;
    n = 0;

    for ( /* void */ ; n < QUOTES && last - p >= 6; p++) {
        if (memcmp(p, MARK STOP, 6) != 0) {
            continue;
        }

        for (from = p, i = 0; i < BEFORE; /* void */ ) {
            i += (*--from & 0xc0) != 0x80;
        }

        write_quote(&s->quotes[n++], from, p + 6, kind);
    }

    if (n < QUOTES) {
        fprintf(stderr, "quote: too few sentences\n");
        exit(1);
    }
}


static void
run(search_t *s)
{
    size_t              i;
    blocks_t            blocks;
    review_quote_t     *quote;
    review_source_t    *source;
    review_evidence_t   found[QUOTES];

    memset(&blocks, 0, sizeof(blocks));

    blocks.pool.alloc = blocks_alloc;
    blocks.pool.ctx = &blocks;

    source = review_quote_source_create(&blocks.pool, s->text.data,
                                        s->text.len);
    quote = review_quote_create(&blocks.pool);

    review_evidence_find(quote, &source, 1, s->quotes, QUOTES, found);

    s->found = 0;

    for (i = 0; i < QUOTES; i++) {
        s->found += found[i].span.match != REVIEW_MATCH_NONE;
    }

    while (blocks.n) {
        free(blocks.blocks[--blocks.n]);
    }
}


static void
bench(search_t *s, size_t size, kind_e kind, const char *name)
{
    int              i;
    double           ms, least;
    struct timespec  from, to;

    make_quotes(s, size, kind);
    least = 1e9;

    for (i = 0; i < RUNS; i++) {
        clock_gettime(CLOCK_MONOTONIC, &from);
        run(s);
        clock_gettime(CLOCK_MONOTONIC, &to);

        ms = (double) (to.tv_sec - from.tv_sec) * 1e3
             + (double) (to.tv_nsec - from.tv_nsec) / 1e6;
        least = ms < least ? ms : least;
    }

    printf("\"%s\": {\"us\": %.2f, \"found\": %zu}%s", name,
           least * 1e3 / QUOTES, s->found, kind == ANOTHER ? "" : ", ");

    for (i = 0; i < QUOTES; i++) {
        free((char *) s->quotes[i].data);
    }
}


int
main(int argc, char **argv)
{
    char      *data;
    size_t     size;
    search_t   s;

    if (argc != 2) {
        fprintf(stderr, "usage: quote FILE\n");
        return 1;
    }

    data = read_file(argv[1], &size);
    make_text(&s, data, size);

    printf("{");
    bench(&s, size, AS_IT_STANDS, "exact");
    bench(&s, size, SPACED, "normalized");
    bench(&s, size, ANOTHER, "nowhere");
    printf("}\n");

    free(data);
    free((char *) s.text.data);

    return 0;
}
