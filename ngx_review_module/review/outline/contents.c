
#include "review/outline/outline.h"
#include "review/outline/line.h"
#include "review/outline/sign.h"
#include "review/base/utf8.h"


#define REVIEW_CONTENTS_LINE  120      /* bytes; a longer line is text */
#define REVIEW_CONTENTS_NAME  18       /* of what such a table is called */


/* of the same characters, be some of the text's radicals? */

static int
review_outline_contents_equal(const review_str_t *text,
    const review_str_t *name)
{
    const char  *p, *q;

    p = text->data;
    q = name->data;

    while (p < text->data + text->len && q < name->data + name->len) {
        if (review_sign_peek(p, text->data + text->len)
            != review_utf8_next(&q, name->data + name->len))
        {
            return 0;
        }

        (void) review_utf8_next(&p, text->data + text->len);
    }

    return p == text->data + text->len && q == name->data + name->len;
}


static int
review_outline_contents_is(const review_line_t *line)
{
    static const review_str_t  names[] = {
        review_string("目录"), review_string("目 录"), review_string("目　录"),
        review_string("目  录"), review_string("目次"),
        review_string("Contents"), review_string("CONTENTS"),
        review_string("Table of Contents"), review_string("TABLE OF CONTENTS"),
    };

    size_t        i;
    review_str_t  text;

    text.data = line->text;
    text.len = (size_t) (line->end - line->text);

    while (text.len && (*text.data == '#' || *text.data == ' ')) {
        text.data++;
        text.len--;
    }

    if (text.len < 6 || text.len > REVIEW_CONTENTS_NAME) {
        return 0;
    }

    for (i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        if (review_outline_contents_equal(&text, &names[i])) {
            return 1;
        }
    }

    return 0;
}


const char *
review_outline_contents(const review_line_t *at, const char *last,
    const char *end, const char **seen)
{
    size_t          len;
    const char     *p;
    review_mark_t   mark;
    review_line_t   line;
    review_str_t    first;

    if (!review_outline_contents_is(at)) {
        return end;
    }

    first.len = 0;
    first.data = NULL;

    for (p = at->next; p < last; p = line.next) {
        review_line_read(&line, p, last);
        review_mark_read(&mark, &line);

        if (mark.contents) {
            continue;
        }

        if (!mark.title) {
            if (line.end - line.text > REVIEW_CONTENTS_LINE
                || review_mark_stops(line.text, line.end))
            {
                break;
            }

            continue;
        }

        if (mark.label == NULL) {
            continue;
        }

        len = (size_t) (mark.label - mark.text);

        if (first.len == 0) {
            first.data = mark.text;
            first.len = len;

        } else if (len == first.len && memcmp(mark.text, first.data, len) == 0)
        {
            end = line.start;
            break;
        }
    }

    *seen = p;

    return end;
}
