
#include "review/limit/adapt_mean.h"


void
review_adapt_mean_add(review_adapt_sum_t *s, double value)
{
    s->n++;
    s->sum += value;
    s->square += value * value;
}


void
review_adapt_mean(review_adapt_mean_t *m, const review_adapt_sum_t *s)
{
    double  var, least;

    m->value = s->sum / s->n;

    if (m->value < 1) {
        m->value = 1;
    }

    /* of few values, the variance is not known well: as in Student's t */

    var = (s->square / s->n - m->value * m->value)
          / (s->n > 3 ? s->n - 3 : 1);
    least = m->value * 0.01;

    m->error = (var > least * least) ? var : least * least;
}


/* by more than chance, that is, by more than so many standard errors? */

int
review_adapt_mean_less(const review_adapt_mean_t *a,
    const review_adapt_mean_t *b, double errors)
{
    double  diff;

    diff = b->value - a->value;

    return diff > 0 && diff * diff > errors * errors * (a->error + b->error);
}


int
review_adapt_mean_differ(const review_adapt_mean_t *a,
    const review_adapt_mean_t *b)
{
    return review_adapt_mean_less(a, b, REVIEW_ADAPT_ERRORS)
           || review_adapt_mean_less(b, a, REVIEW_ADAPT_ERRORS);
}


/*
 * The part of the time calls take by which it has risen.  Under load, both the
 * first token and the end come later; if only the end does, answers have got
 * longer.
 */

double
review_adapt_mean_rise(const review_adapt_point_t *from,
    const review_adapt_point_t *to)
{
    double  rise, first;

    rise = 1 - from->whole.value / to->whole.value;

    if (from->first.value > 0 && to->first.value > 0) {
        first = 1 - from->first.value / to->first.value;
        rise = (first < rise) ? first : rise;
    }

    return rise;
}


int
review_adapt_mean_risen(const review_adapt_point_t *from,
    const review_adapt_point_t *to, double errors)
{
    if (from->first.value > 0 && to->first.value > 0
        && !review_adapt_mean_less(&from->first, &to->first, errors))
    {
        return 0;
    }

    return review_adapt_mean_less(&from->whole, &to->whole, errors);
}


void
review_adapt_mean_merge(review_adapt_mean_t *m,
    const review_adapt_mean_t *other, double weight)
{
    m->value += (other->value - m->value) * weight;
    m->error = m->error * (1 - weight) * (1 - weight)
               + other->error * weight * weight;
}
