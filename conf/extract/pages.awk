# The text of a PDF, each page with a form feed at its end, becomes
# application/vnd.review.text+json.  Bytes, not characters: LC_ALL=C.
#
#   awk -v shares=FILE -v blank=FILE -v words=FILE -f pages.awk text
#
# shares      PAGE PERCENT: how much of it pictures cover
# blank       PAGE: shows nothing at all
# words       CODE DETAIL: warnings of the whole
#
# A page that is all picture and has much text was recognised.  What other
# pictures show nobody has read, be they larger than a logo, a stamp or a
# signature.  Whether a page has too little text is left to the reader, who says
# so of one that has none.

BEGIN {
    all = 80            # percent of a page
    large = 5
    much = 600          # bytes

    while ((getline line <shares) > 0) {
        split(line, of, " ")
        share[of[1]] = of[2] + 0
    }

    while ((getline line <blank) > 0) {
        nothing[line + 0] = 1
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

function warn(code, detail, page) {
    warnings = warnings (warnings == "" ? "" : ",") "{\"code\":\"" code \
        "\",\"detail\":\"" escaped(detail) "\"" \
        (page ? ",\"page\":" page : "") "}"
}

{
    kind = ""

    if (NR in nothing) {
        kind = "blank"

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
