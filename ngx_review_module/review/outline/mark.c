
#include "review/outline/line.h"
#include "review/outline/sign.h"
#include "review/base/utf8.h"


#define REVIEW_MARK_TITLE     60       /* code points of a title, at most */
#define REVIEW_MARK_MARKDOWN  120      /* and of one that # makes one */
#define REVIEW_MARK_CLOSING   8        /* closing marks behind a stop */


int
review_mark_stops(const char *start, const char *end)
{
    int      n;
    int32_t  c;

    for (n = 0; n < REVIEW_MARK_CLOSING; n++) {
        c = review_sign_back(&end, start);

        switch (c) {

        case ')': case ']': case '"': case '\'': case '*': case '_':
        case 0x2019: case 0x201d: case 0x300b: case 0x300d: case 0x300f:
        case 0x3011: case 0xff09:
            continue;

        case '.': case '!': case '?': case ';': case ':': case ',':
        case 0x2026: case 0x3001: case 0x3002: case 0x0964: case 0x06d4:
        case 0x061f: case 0xff01: case 0xff0c: case 0xff0e: case 0xff1a:
        case 0xff1b: case 0xff1f: case 0xff61:
            return 1;

        default:
            return 0;
        }
    }

    return 0;
}


/* "第一章 总则……12", "Introduction .... 3", "总则\t3" */

int
review_mark_contents(const review_line_t *line)
{
    int          n, dots;
    int32_t      c;
    const char  *p, *start;

    start = line->text;
    p = line->end;

    for (n = 0; p > start && p[-1] >= '0' && p[-1] <= '9' && n < 5; n++) {
        p--;
    }

    if (n > 0 && p > start && p[-1] == '\t') {
        return 1;
    }

    while (p > start && (p[-1] == ' ' || p[-1] == '\t')) {
        p--;
    }

    for (dots = 0; dots < 3 && n > 0; dots++) {
        c = review_sign_back(&p, start);

        if (c == 0x2026 || c == 0x22ef) {
            return 1;
        }

        if (c != '.' && c != 0xb7 && c != 0xff0e && c != 0x2025) {
            return 0;
        }
    }

    return n > 0;
}


/* a title has no parts of a sentence before its end either */

static int
review_mark_is_title(const review_mark_t *mark)
{
    size_t       max;
    int32_t      c;
    const char  *p;

    max = mark->hashes ? REVIEW_MARK_MARKDOWN : REVIEW_MARK_TITLE;

    if ((size_t) (mark->end - mark->text) > max * 4
        || review_utf8_count(mark->text, (size_t) (mark->end - mark->text))
           > max)
    {
        return 0;
    }

    if (mark->hashes) {
        return mark->end > mark->text;
    }

    if (mark->rank == REVIEW_RANK_NONE
        || review_mark_stops(mark->text, mark->end))
    {
        return 0;
    }

    if (mark->rank < REVIEW_RANK_ARTICLE) {
        return 1;
    }

    p = mark->label;

    if (p == mark->end && mark->rank > REVIEW_RANK_ARTICLE) {
        return 0;
    }

    while (p < mark->end) {
        c = review_utf8_next(&p, mark->end);

        if (c == 0x3002 || c == 0xff0c || c == 0xff1b || c == 0xff1a) {
            return 0;
        }
    }

    return 1;
}


/* "**第六条**": marks of Markdown around a title */

static void
review_mark_emphasis(review_mark_t *mark)
{
    char         c;
    const char  *p;

    p = mark->text;
    c = p < mark->end ? *p : 0;

    if (c != '*' && c != '_') {
        return;
    }

    while (p < mark->end && *p == c && p - mark->text < 3) {
        p++;
    }

    if (p == mark->end || *p == ' ' || *p == c) {
        return;
    }

    mark->text = p;

    while (mark->end > p && mark->end[-1] == c) {
        mark->end--;
    }
}


/* #, also where the blank behind it was forgotten before Chinese */

static void
review_mark_hashes(review_mark_t *mark)
{
    size_t       n;
    const char  *p;

    for (n = 0, p = mark->text; p < mark->end && *p == '#'; p++) {
        n++;
    }

    if (n > 6 || p == mark->end
        || !(*p == ' ' || *p == '\t' || (unsigned char) *p >= 0x80)
        || (n == 1 && (unsigned char) *p >= 0x80
            && memchr(p, '#', (size_t) (mark->end - p))))
    {
        return;
    }

    mark->hashes = (unsigned char) n;
    mark->text = review_line_visible(p, mark->end);

    while (mark->end > mark->text && mark->end[-1] == '#') {
        mark->end--;
    }

    while (mark->end > mark->text
           && (mark->end[-1] == ' ' || mark->end[-1] == '\t'))
    {
        mark->end--;
    }
}


static int
review_mark_is_bullet(const review_mark_t *mark)
{
    int32_t      c;
    const char  *p;

    p = mark->text;
    c = review_utf8_next(&p, mark->end);

    switch (c) {

    case '-': case '*': case '+':
        return p < mark->end && (*p == ' ' || *p == '\t');

    case '>': case 0xb7: case 0x2022: case 0x25a0: case 0x25a1: case 0x25c6:
    case 0x25cf: case 0x25e6: case 0x2013: case 0x2014:
        return 1;
    }

    return 0;
}


void
review_mark_bare(review_mark_t *mark, const review_mark_t *next,
    const review_line_t *line)
{
    size_t  n;

    if (!mark->bare || next->rank != REVIEW_RANK_NUMBER + 1) {
        return;
    }

    n = (size_t) (mark->label - mark->text);

    if ((size_t) (next->label - next->text) < n + 2
        || memcmp(next->text, mark->text, n) != 0
        || next->text[n] != '.' || next->text[n + 1] != '1'
        || review_sign_is_digit(review_sign_peek(next->text + n + 2,
                                                 next->end)))
    {
        return;
    }

    mark->bare = 0;
    mark->rank = REVIEW_RANK_NUMBER;
    mark->apart = 1;
    mark->contents = review_mark_contents(line);
    mark->title = !mark->contents && review_mark_is_title(mark);
}


void
review_mark_read(review_mark_t *mark, const review_line_t *line)
{
    memset(mark, 0, sizeof(*mark));

    mark->text = line->text;
    mark->end = line->end;

    if (line->text == line->end) {
        return;
    }

    mark->bullet = review_mark_is_bullet(mark);

    if (mark->bullet) {
        return;
    }

    if (*mark->text == '#') {
        review_mark_hashes(mark);

        if (mark->text == mark->end) {
            mark->hashes = 0;
            return;
        }
    }

    review_mark_emphasis(mark);
    review_number_read(mark);

    if (mark->hashes || mark->rank) {
        mark->contents = review_mark_contents(line);
        mark->title = !mark->contents && review_mark_is_title(mark);
    }
}
