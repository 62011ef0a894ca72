
#include "review/agree/unit.h"


static const review_unit_t  review_units[] = {
    { "个月", REVIEW_UNIT_MONTHS, 1 },
    { "個月", REVIEW_UNIT_MONTHS, 1 },
    { "月", REVIEW_UNIT_MONTHS, 1 },
    { "months", REVIEW_UNIT_MONTHS, 1 },
    { "month", REVIEW_UNIT_MONTHS, 1 },
    { "周年", REVIEW_UNIT_MONTHS, 12 },
    { "年", REVIEW_UNIT_MONTHS, 12 },
    { "years", REVIEW_UNIT_MONTHS, 12 },
    { "year", REVIEW_UNIT_MONTHS, 12 },

    { "个工作日", REVIEW_UNIT_WORKDAYS, 1 },
    { "工作日", REVIEW_UNIT_WORKDAYS, 1 },
    { "工作天", REVIEW_UNIT_WORKDAYS, 1 },
    { "workingdays", REVIEW_UNIT_WORKDAYS, 1 },
    { "workdays", REVIEW_UNIT_WORKDAYS, 1 },
    { "businessdays", REVIEW_UNIT_WORKDAYS, 1 },

    { "分钟", REVIEW_UNIT_MINUTES, 1 },
    { "minutes", REVIEW_UNIT_MINUTES, 1 },
    { "minute", REVIEW_UNIT_MINUTES, 1 },
    { "个小时", REVIEW_UNIT_MINUTES, 60 },
    { "小时", REVIEW_UNIT_MINUTES, 60 },
    { "hours", REVIEW_UNIT_MINUTES, 60 },
    { "hour", REVIEW_UNIT_MINUTES, 60 },
    { "个日历天", REVIEW_UNIT_MINUTES, 1440 },
    { "日历天", REVIEW_UNIT_MINUTES, 1440 },
    { "日历日", REVIEW_UNIT_MINUTES, 1440 },
    { "自然日", REVIEW_UNIT_MINUTES, 1440 },
    { "自然天", REVIEW_UNIT_MINUTES, 1440 },
    { "calendardays", REVIEW_UNIT_MINUTES, 1440 },
    { "日", REVIEW_UNIT_MINUTES, 1440 },
    { "天", REVIEW_UNIT_MINUTES, 1440 },
    { "days", REVIEW_UNIT_MINUTES, 1440 },
    { "day", REVIEW_UNIT_MINUTES, 1440 },
    { "个星期", REVIEW_UNIT_MINUTES, 10080 },
    { "星期", REVIEW_UNIT_MINUTES, 10080 },
    { "周", REVIEW_UNIT_MINUTES, 10080 },
    { "weeks", REVIEW_UNIT_MINUTES, 10080 },
    { "week", REVIEW_UNIT_MINUTES, 10080 },

    { "%", REVIEW_UNIT_SHARE, 10 },
    { "percent", REVIEW_UNIT_SHARE, 10 },
    { "‰", REVIEW_UNIT_SHARE, 1 },

    { "平方公里", REVIEW_UNIT_AREA, 1000000 },
    { "km2", REVIEW_UNIT_AREA, 1000000 },
    { "公顷", REVIEW_UNIT_AREA, 10000 },
    { "平方米", REVIEW_UNIT_AREA, 1 },
    { "平米", REVIEW_UNIT_AREA, 1 },
    { "m2", REVIEW_UNIT_AREA, 1 },

    { "毫米", REVIEW_UNIT_LENGTH, 1 },
    { "mm", REVIEW_UNIT_LENGTH, 1 },
    { "厘米", REVIEW_UNIT_LENGTH, 10 },
    { "cm", REVIEW_UNIT_LENGTH, 10 },
    { "公里", REVIEW_UNIT_LENGTH, 1000000 },
    { "千米", REVIEW_UNIT_LENGTH, 1000000 },
    { "km", REVIEW_UNIT_LENGTH, 1000000 },
    { "米", REVIEW_UNIT_LENGTH, 1000 },
    { "m", REVIEW_UNIT_LENGTH, 1000 },

    { "公斤", REVIEW_UNIT_MASS, 1000 },
    { "千克", REVIEW_UNIT_MASS, 1000 },
    { "kg", REVIEW_UNIT_MASS, 1000 },
    { "克", REVIEW_UNIT_MASS, 1 },
    { "g", REVIEW_UNIT_MASS, 1 },
    { "吨", REVIEW_UNIT_MASS, 1000000 },
    { "t", REVIEW_UNIT_MASS, 1000000 },
    { NULL, REVIEW_UNIT_NONE, 0 }
};


const review_unit_t *
review_unit_read(review_glyph_t *g)
{
    review_glyph_t        at, behind;
    const review_unit_t  *unit, *longest;

    at = *g;
    review_glyph_blanks(&at, 0);

    longest = NULL;

    for (unit = review_units; unit->name; unit++) {
        if (longest && strlen(unit->name) <= strlen(longest->name)) {
            continue;
        }

        behind = at;

        if (review_glyph_is(&behind, unit->name)) {
            longest = unit;
            *g = behind;
        }
    }

    return longest;
}
