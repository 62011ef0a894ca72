#!/usr/bin/python3
"""Writes sample.pdf: a page of Chinese text and a small table, with a font
that is not embedded (readers have the character codes of UniGB-UTF16-H).

    make_pdf.py >sample.pdf
"""

import sys

LINES = [
    (220, 770, "第一章 总则"),
    (72, 730, "第一条 为了规范招标投标活动，保护国家利益，制定本办法。"),
    (72, 706, "第二条 投标保证金不得超过招标项目估算价的百分之二（2%），"),
    (72, 688, "按下表缴纳："),
    (90, 656, "标段"), (220, 656, "估算价（万元）"), (400, 656, "保证金"),
    (90, 636, "A1"), (220, 636, "1,200"), (400, 636, "24"),
    (90, 616, "B1"), (220, 616, "360"), (400, 616, "7.2"),
    (220, 576, "第二章 投标"),
    (72, 536, "第三条 投标文件应当符合 GB/T 50500-2013 的规定。"),
]


def page():
    """what is drawn"""

    shown = [f"BT /F1 12 Tf {x} {y} Td <{text.encode('utf-16-be').hex()}> Tj ET"
             for x, y, text in LINES]
    return "\n".join(shown).encode()


def stream(data):
    return b"<< /Length %d >>\nstream\n%b\nendstream" % (len(data), data)


OBJECTS = [
    b"<< /Type /Catalog /Pages 2 0 R >>",
    b"<< /Type /Pages /Kids [3 0 R] /Count 1 >>",
    b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] /Contents 4 0 R\n"
    b"   /Resources << /Font << /F1 5 0 R >> >> >>",
    stream(page()),
    b"<< /Type /Font /Subtype /Type0 /BaseFont /STSong-Light\n"
    b"   /Encoding /UniGB-UTF16-H /DescendantFonts [6 0 R] >>",
    b"<< /Type /Font /Subtype /CIDFontType0 /BaseFont /STSong-Light\n"
    b"   /CIDSystemInfo << /Registry (Adobe) /Ordering (GB1) /Supplement 4 >>\n"
    b"   /DW 1000 /W [1 [500] 814 939 500] /FontDescriptor 7 0 R >>",
    b"<< /Type /FontDescriptor /FontName /STSong-Light /Flags 6\n"
    b"   /FontBBox [-25 -254 1000 880] /ItalicAngle 0 /Ascent 880\n"
    b"   /Descent -120 /CapHeight 880 /StemV 93 >>",
]


def pdf():
    out = bytearray(b"%PDF-1.4\n%\xe2\xe3\xcf\xd3\n")
    places = []
    for number, body in enumerate(OBJECTS, 1):
        places.append(len(out))
        out += b"%d 0 obj\n%b\nendobj\n" % (number, body)

    start = len(out)
    out += b"xref\n0 %d\n0000000000 65535 f \n" % (len(places) + 1)
    out += b"".join(b"%010d 00000 n \n" % place for place in places)
    out += b"trailer\n<< /Size %d /Root 1 0 R >>\nstartxref\n%d\n%%%%EOF\n" % (
        len(places) + 1, start)
    return bytes(out)


if __name__ == "__main__":
    sys.stdout.buffer.write(pdf())
