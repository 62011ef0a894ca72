
#include "review/search/chapter.h"
#include "review/base/fold.h"
#include "review/base/utf8.h"

#include <utf8proc.h>


/* characters of a name, or a heading, that are compared */

#define REVIEW_CHAPTER_MAX      256
#define REVIEW_CHAPTER_FOLDED   20       /* of one character, at most */

/* numbers that stand before a heading, as in "第三章 三、" */

#define REVIEW_CHAPTER_NUMBERS  4

typedef enum {
    REVIEW_CHAPTER_CONTAINS = 1,
    REVIEW_CHAPTER_BEGINS,
    REVIEW_CHAPTER_EQUALS
} review_chapter_grade_e;


typedef struct {
    int32_t                 chars[REVIEW_CHAPTER_MAX];
    unsigned char           spaced[REVIEW_CHAPTER_MAX]; /* a space before it */
    size_t                  n;
    unsigned                space:1;     /* that was left out last */
} review_chapter_text_t;


struct review_chapter_names_s {
    review_chapter_text_t  *names;
    size_t                  n;
};


/* spaces, and what stands around a name */

static int
review_chapter_is_left_out(int32_t c)
{
    static const int32_t  marks[] = {
        '"', '\'', '*', '_', '`', '#', 0x201c, 0x201d, 0x2018, 0x2019, 0x300a,
        0x300b, 0x3008, 0x3009, 0x300c, 0x300d, 0x200b, 0xfeff, 0
    };
    size_t                i;

    if (c <= ' ' || c == 0xa0 || c == 0x3000 || (c >= 0x2000 && c <= 0x200f)) {
        return 1;
    }

    for (i = 0; marks[i]; i++) {
        if (marks[i] == c) {
            return 1;
        }
    }

    return 0;
}


static void
review_chapter_put(review_chapter_text_t *text, int32_t c)
{
    c = review_fold_radical(c);

    if (review_chapter_is_left_out(c)) {
        text->space |= c <= ' ' || c == 0xa0 || c == 0x3000;
        return;
    }

    if (text->n < REVIEW_CHAPTER_MAX) {
        text->spaced[text->n] = text->space;
        text->chars[text->n++] = c;
        text->space = 0;
    }
}


static void
review_chapter_char(review_chapter_text_t *text, int32_t c)
{
    int               last_boundclass;
    int32_t           folded[REVIEW_CHAPTER_FOLDED];
    utf8proc_ssize_t  i, n;

    if (review_fold_is_han(c)) {
        review_chapter_put(text, c);
        return;
    }

    last_boundclass = 0;
    n = utf8proc_decompose_char(c, folded, REVIEW_CHAPTER_FOLDED,
                                UTF8PROC_COMPAT|UTF8PROC_DECOMPOSE
                                |UTF8PROC_CASEFOLD|UTF8PROC_IGNORE,
                                &last_boundclass);

    if (n < 0 || n > REVIEW_CHAPTER_FOLDED) {
        review_chapter_put(text, c);
        return;
    }

    for (i = 0; i < n; i++) {
        review_chapter_put(text, folded[i]);
    }
}


static int
review_chapter_is_digit(int32_t c)
{
    static const int32_t  digits[] = {
        0x96f6, 0x3007, 0x4e00, 0x4e8c, 0x4e09, 0x56db, 0x4e94, 0x516d, 0x4e03,
        0x516b, 0x4e5d, 0x5341, 0x767e, 0x5343, 0x4e24, 0     /* 零〇一二… */
    };
    size_t                i;

    if (c >= '0' && c <= '9') {
        return 1;
    }

    for (i = 0; digits[i]; i++) {
        if (digits[i] == c) {
            return 1;
        }
    }

    return 0;
}


/* digits, and points between them; or a letter alone */

static size_t
review_chapter_digits(const review_chapter_text_t *text, size_t i)
{
    size_t  from;

    from = i;

    /* "第 十 二 章" may be spaced, "3 2026年" is two numbers */

    while (i < text->n
           && !(i > from && text->spaced[i] && text->chars[i] <= '9')
           && (review_chapter_is_digit(text->chars[i])
               || (i > from && i + 1 < text->n
                   && (text->chars[i] == '.' || text->chars[i] == '-')
                   && review_chapter_is_digit(text->chars[i + 1]))))
    {
        i++;
    }

    return i;
}


static size_t
review_chapter_word(const review_chapter_text_t *text, size_t i,
    const char *word)
{
    const char  *last;

    last = word + strlen(word);

    while (word < last) {

        if (i == text->n || review_utf8_next(&word, last) != text->chars[i]) {
            return 0;
        }

        i++;
    }

    return i;
}


static size_t
review_chapter_any(const review_chapter_text_t *text, size_t i,
    const char *const *words)
{
    size_t  end;

    for ( /* void */ ; *words; words++) {
        end = review_chapter_word(text, i, *words);

        if (end) {
            return end;
        }
    }

    return 0;
}


/* behind "第三章", "附件2:", "chapter3"; or 0 */

static size_t
review_chapter_named(const review_chapter_text_t *text, size_t i)
{
    size_t  end, number;

    static const char *const  before[] = {
        "附件", "附录", "附表", "表", "chapter", "section", "part", "article",
        "annex", "appendix", NULL
    };
    static const char *const  units[] = {
        "部分", "章", "节", "条", "款", "篇", "编", "卷", "册", "项", NULL
    };
    static const char *const  marks[] = {
        ":", "、", ".", ")", "-", "—", ",", NULL
    };

    end = review_chapter_word(text, i, "第");

    if (end) {
        number = review_chapter_digits(text, end);

        return number > end ? review_chapter_any(text, number, units) : 0;
    }

    end = review_chapter_any(text, i, before);
    number = end ? review_chapter_digits(text, end) : 0;

    if (number == end) {
        return 0;
    }

    end = review_chapter_any(text, number, marks);

    return end ? end : number;
}


/*
 * A number alone: "3.1报价", "3 报价"; but "2026年计划", "3C认证", "1号楼" and
 * "三年质保" begin with what they are about.
 */

static int
review_chapter_is_bare(const review_chapter_text_t *text, size_t i, size_t end)
{
    size_t  k, first;

    for (k = i, first = 0; k < end; k++) {

        if (text->chars[k] == '.' || text->chars[k] == '-') {
            first = first ? first : k - i;

        } else if (text->chars[k] > '9') {
            return 0;
        }
    }

    return first ? first <= 3 : end - i <= 2 && end < text->n
                                && text->spaced[end];
}


/* behind "三、", "3.1", "(三)", "3)"; or 0 */

static size_t
review_chapter_numbered(const review_chapter_text_t *text, size_t i)
{
    size_t  end, number;
    int     open;

    static const char *const  marks[] = { "、", ".", ":", ",", ")", NULL };

    open = i < text->n && (text->chars[i] == '(' || text->chars[i] == '[');
    number = review_chapter_digits(text, i + (size_t) open);

    if (number == i + (size_t) open) {
        return 0;
    }

    if (open) {
        return number < text->n && (text->chars[number] == ')'
                                    || text->chars[number] == ']')
               ? number + 1 : 0;
    }

    end = review_chapter_any(text, number, marks);

    if (end) {
        return end;
    }

    return review_chapter_is_bare(text, i, number) ? number : 0;
}


/* what numbers a heading is none of it, unless that is all there is */

static void
review_chapter_strip(review_chapter_text_t *text)
{
    size_t  i, end, n;

    for (i = 0, n = 0; n < REVIEW_CHAPTER_NUMBERS; n++) {
        end = review_chapter_named(text, i);
        end = end ? end : review_chapter_numbered(text, i);

        if (end == 0 || end >= text->n) {
            break;
        }

        i = end;
    }

    if (i) {
        memmove(text->chars, text->chars + i, (text->n - i) * sizeof(int32_t));
        memmove(text->spaced, text->spaced + i, text->n - i);
        text->n -= i;
    }
}


static void
review_chapter_read(review_chapter_text_t *text, const review_str_t *from)
{
    const char  *p, *last;

    p = from->data;
    last = p + from->len;
    text->n = 0;
    text->space = 0;

    while (p < last && text->n < REVIEW_CHAPTER_MAX) {
        review_chapter_char(text, review_utf8_next(&p, last));
    }

    review_chapter_strip(text);
}


static int
review_chapter_longer(const void *a, const void *b)
{
    const review_chapter_text_t  *one, *two;

    one = a;
    two = b;

    return (one->n < two->n) - (one->n > two->n);
}


review_chapter_names_t *
review_chapter_names(review_pool_t *pool, const review_str_t *names, size_t n)
{
    size_t                   i;
    review_chapter_names_t  *all;

    all = review_alloc(pool, sizeof(*all));

    if (all == NULL) {
        return NULL;
    }

    all->n = n;
    all->names = review_alloc(pool, n * sizeof(review_chapter_text_t) + 1);

    if (all->names == NULL) {
        return NULL;
    }

    for (i = 0; i < n; i++) {
        review_chapter_read(&all->names[i], &names[i]);
    }

    qsort(all->names, n, sizeof(review_chapter_text_t), review_chapter_longer);

    return all;
}


static int
review_chapter_at(const review_chapter_text_t *text, size_t i,
    const review_chapter_text_t *name)
{
    return i + name->n <= text->n && text->chars[i] == name->chars[0]
           && memcmp(text->chars + i, name->chars, name->n * sizeof(int32_t))
              == 0;
}


static unsigned
review_chapter_grade(const review_chapter_text_t *text,
    const review_chapter_text_t *name)
{
    size_t  i;

    if (name->n == 0) {
        return 0;
    }

    if (review_chapter_at(text, 0, name)) {
        return text->n == name->n ? REVIEW_CHAPTER_EQUALS
                                  : REVIEW_CHAPTER_BEGINS;
    }

    /* one character stands in many a heading */

    for (i = 1; name->n > 1 && i + name->n <= text->n; i++) {
        if (review_chapter_at(text, i, name)) {
            return REVIEW_CHAPTER_CONTAINS;
        }
    }

    return 0;
}


unsigned
review_chapter_grades(const review_chapter_names_t *names,
    const review_list_t *headlines, unsigned char *grades)
{
    size_t                  k;
    uint32_t                i;
    unsigned                grade, best;
    review_headline_t      *headline;
    review_chapter_text_t   text;

    best = 0;

    for (i = 0; i < headlines->n; i++) {
        headline = review_list_at(headlines, i);
        review_chapter_read(&text, &headline->heading.text);
        grades[i] = 0;

        for (k = 0; k < names->n && grades[i] < REVIEW_CHAPTER_EQUALS; k++) {
            grade = review_chapter_grade(&text, &names->names[k]);

            if (grade > grades[i]) {
                grades[i] = (unsigned char) grade;
            }
        }

        best = grades[i] > best ? grades[i] : best;
    }

    return best;
}


/* what stands below one of the grade is below it, too: outer ones come first */

void
review_chapter_mark(const review_list_t *headlines, unsigned char *grades,
    unsigned grade)
{
    uint32_t            i;
    unsigned            depth;
    unsigned char       below[REVIEW_OUTLINE_DEPTH + 1];
    review_headline_t  *headline;

    memset(below, 0, sizeof(below));

    for (i = 0; i < headlines->n; i++) {
        headline = review_list_at(headlines, i);

        depth = headline->depth < 1 ? 1
                : headline->depth > REVIEW_OUTLINE_DEPTH ? REVIEW_OUTLINE_DEPTH
                : headline->depth;

        grades[i] = (grade && grades[i] == grade) || below[depth - 1];

        memset(below + depth, grades[i], sizeof(below) - depth);
    }
}


int
review_chapter_is_below(const review_list_t *headlines,
    const unsigned char *marks, size_t from, size_t to)
{
    uint32_t            i;
    review_headline_t  *headline;

    i = review_heading_until(headlines, from);

    if (i && marks[i - 1]) {
        return 1;
    }

    for ( /* void */ ; i < headlines->n; i++) {
        headline = review_list_at(headlines, i);

        if (headline->start >= to) {
            break;
        }

        if (marks[i]) {
            return 1;
        }
    }

    return 0;
}
