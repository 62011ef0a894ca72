# The text of a PDF, each page with a form feed at its end, becomes
# application/vnd.review.text+json.  Bytes, not characters: LC_ALL=C.
#
#   awk -v shares=FILE -v ink=FILE -v words=FILE -f pages.awk text
#
# shares      PAGE PERCENT: how much of it pictures cover
# ink         PAGE DOTS: what a page without pictures shows, painted small
# words       CODE DETAIL: warnings of the whole
#
# A page that is all picture and has much text was recognised.  What other
# pictures show nobody has read, be they larger than a logo, a stamp or a
# signature.  A page that shows no more than its few letters may, be they large,
# has all of its text: the title of a chapter, but not a number alone.  Whether
# another one has too little is left to the reader.

BEGIN {
    all = 80            # percent of a page
    large = 5
    much = 600          # bytes
    letter = 100        # dots of a large letter,
    small = 30          # and of one of a page's number

    while ((getline line <shares) > 0) {
        split(line, of, " ")
        share[of[1]] = of[2] + 0
    }

    while ((getline line <ink) > 0) {
        split(line, of, " ")
        dots[of[1]] = of[2] + 0
    }

    while ((getline line <words) > 0) {
        code = line
        sub(/ .*/, "", code)
        warn(code, substr(line, length(code) + 2), 0)
    }

    RS = "\f"
    ORS = ""
    at = 0
    print "{\"text\":\""
}

function escaped(s) {
    gsub(/\\/, "\\\\\\\\", s)
    gsub(/"/, "\\\\\"", s)
    gsub(/\t/, "\\\\t", s)
    gsub(/\n/, "\\\\n", s)
    gsub(/[\001-\037]/, " ", s)
    return s
}

# code points, if it is UTF-8

function points(s) {
    gsub(/[\200-\277]/, "", s)
    return length(s)
}

function seen(s) {
    gsub(/[ \t\n\r]/, "", s)
    return s
}

# what is left of a page's number

function said(s) {
    gsub(/第|页|頁|共|Page|page|PAGE|of|[0-9\/.|_-]|–|—/, "", s)
    return s
}

function warn(code, detail, page) {
    warnings = warnings (warnings == "" ? "" : ",") "{\"code\":\"" code \
        "\",\"detail\":\"" escaped(detail) "\"" \
        (page ? ",\"page\":" page : "") "}"
}

{
    kind = ""

    shown = seen($0)

    if (NR in dots && shown == "" && dots[NR] == 0) {
        kind = "blank"

    } else if (NR in dots && points(said(shown)) >= 2 \
               && dots[NR] <= small * points(shown) \
                              + (letter - small) * points(said(shown)))
    {
        kind = "text"

    } else if (share[NR] >= all && length($0) >= much) {
        kind = "ocr"

    } else if (share[NR] >= large && length(seen($0)) >= 10) {
        warn("picture", "pictures cover " share[NR] "% of the page", NR)
    }

    pages = pages (NR > 1 ? "," : "") "{\"start\":" at \
        (kind == "" ? "" : ",\"kind\":\"" kind "\"") "}"
    at += points($0) + 1
    print escaped($0) "\\f"
}

END {
    print "\",\"pages\":[" pages "],\"warnings\":[" warnings "]}\n"
}
