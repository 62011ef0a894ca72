
#include "review/outline/outline.h"
#include "review/outline/line.h"


#define REVIEW_CONTENTS_LINE  120      /* bytes; a longer line is text */


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

    if (text.len < 6 || text.len > 18) {
        return 0;
    }

    for (i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        if (names[i].len == text.len
            && memcmp(names[i].data, text.data, text.len) == 0)
        {
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
