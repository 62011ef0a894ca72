
#include "review/document/place.h"
#include "review/outline/line.h"


void
review_place_init(review_places_t *places, review_pool_t *pool,
    const review_str_t *text, const review_page_t *pages, size_t npages,
    const review_outline_t *outline)
{
    review_lines_init(&places->lines, pool, text->data, text->len);

    places->pages = pages;
    places->npages = npages;
    places->headlines = outline->headlines;
}


size_t
review_place_page(const review_page_t *pages, size_t npages, size_t byte)
{
    size_t  low, high, middle;

    low = 0;
    high = npages;

    while (low < high) {
        middle = low + (high - low) / 2;

        if (pages[middle].start <= byte) {
            low = middle + 1;

        } else {
            high = middle;
        }
    }

    return low;
}


void
review_place_of(const review_places_t *places, size_t from, size_t to,
    review_where_t *where)
{
    const char  *p, *text;

    /* white space that a place begins with may be of the page before */

    text = places->lines.data;
    p = review_line_visible(text + from, text + to);

    if (p < text + to) {
        from = (size_t) (p - text);
    }

    where->line = review_lines_line(&places->lines, from);
    where->page = review_place_page(places->pages, places->npages, from);
    where->heading = review_heading_above(&places->headlines, from);
}
