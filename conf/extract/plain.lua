-- A filter of pandoc: leaves of Markdown what tells about the structure of a
-- document, "#" of headings and rows of tables.  Emphasis, links and escapes
-- go, so that a sentence of the text is found in it as it was written.

local stringify = pandoc.utils.stringify


-- Chinese, Japanese and Korean characters, and their punctuation

local wide_ranges = {
    { 0x1100, 0x115f }, { 0x2e80, 0x303e }, { 0x3041, 0xa4cf },
    { 0xa960, 0xa97c }, { 0xac00, 0xd7a3 }, { 0xf900, 0xfaff },
    { 0xfe30, 0xfe6b }, { 0xff01, 0xff60 }, { 0xffe0, 0xffe6 },
    { 0x20000, 0x3fffd },
}


local function is_wide(inline, at)
    local text = inline and stringify(inline) or ""
    if text == "" then
        return false
    end
    local code = utf8.codepoint(text, utf8.offset(text, at))
    for _, range in ipairs(wide_ranges) do
        if code >= range[1] and code <= range[2] then
            return true
        end
    end
    return false
end


-- A line end is a blank, but not between two of them.  What pandoc has for
-- that, east_asian_line_breaks, comes before filters in some of its versions,
-- and behind them in others, where text is text no more.

local function join_lines(inlines)
    local joined = pandoc.List()
    for i, inline in ipairs(inlines) do
        if inline.t ~= "SoftBreak" or not is_wide(inlines[i - 1], -1)
            or not is_wide(inlines[i + 1], 1)
        then
            joined:insert(inline)
        end
    end
    return joined
end


local function cell_text(blocks)
    local texts = pandoc.List()
    local function take(block)
        texts:insert(block.text or stringify(block))
    end

    -- a table inside of this one, written already
    local function take_table(block)
        texts:insert((block.text:gsub("|[-|]+\n", ""):gsub("\\?|", "")))
    end

    pandoc.walk_block(pandoc.Div(blocks), {
        Plain = take, Para = take, Header = take, CodeBlock = take,
        LineBlock = take, RawBlock = take_table,
    })
    local text = table.concat(texts, " "):gsub("%s+", " "):gsub("|", "\\|")
    return (text:gsub("^ ", ""):gsub(" $", ""))
end


local function row_text(cells)
    return "| " .. table.concat(cells:map(cell_text), " | ") .. " |"
end


-- Cells have one line each, and columns no padding.  Word marks few headers:
-- the first row is taken for one.  One column is no table but a frame.

local function pipe_table(t)
    local simple = pandoc.utils.to_simple_table(t)
    local rows = pandoc.List(simple.rows)
    local columns = #simple.aligns

    if #pandoc.List(simple.headers):filter(function (h) return #h > 0 end) > 0
    then
        rows:insert(1, simple.headers)
    end

    if columns == 1 then
        local blocks = pandoc.List()
        for _, row in ipairs(rows) do
            blocks:extend(row[1])
        end
        return blocks
    end

    local lines = rows:map(function (row) return row_text(pandoc.List(row)) end)
    lines:insert(2, "|" .. string.rep("---|", columns))

    local blocks = pandoc.List({
        pandoc.RawBlock("markdown", table.concat(lines, "\n") .. "\n")
    })
    if #simple.caption > 0 then
        blocks:insert(1, pandoc.Para(simple.caption))
    end
    return blocks
end


local function content(element)
    return element.content
end


local function nothing()
    return {}
end


-- Paragraphs in Word's styles Title, Subtitle, Author and Date are no part of
-- what pandoc takes for the body.

local function with_title(doc)
    local blocks = pandoc.List()
    local title = stringify(doc.meta.title or "")
    local said = title == ""

    for _, block in ipairs(doc.blocks) do
        said = said or (block.t == "Header" and stringify(block) == title)
    end
    if not said then
        blocks:insert(pandoc.Header(1, doc.meta.title))
    end

    for _, name in ipairs({ "subtitle", "author", "date" }) do
        local text = stringify(doc.meta[name] or "")
        if text ~= "" and not said then
            blocks:insert(pandoc.Para(text))
        end
    end

    blocks:extend(doc.blocks)
    return pandoc.Pandoc(blocks)
end


return {
    { Inlines = join_lines },
    { Pandoc = with_title },
    { Table = pipe_table },
    {
        Str = function (s) return pandoc.RawInline("markdown", s.text) end,
        Emph = content, Strong = content, Underline = content,
        Strikeout = content, Superscript = content, Subscript = content,
        SmallCaps = content, Span = content, Link = content, Image = nothing,
        Div = content, BlockQuote = content,
    },
}
