"""
Small PDFs, made by hand: a page is a list of lines, of pictures that cover a
part of it, and of drawings.
"""

FONT = [
    b"<< /Type /Font /Subtype /Type0 /BaseFont /STSong-Light\n"
    b"   /Encoding /UniGB-UTF16-H /DescendantFonts [4 0 R] >>",
    b"<< /Type /Font /Subtype /CIDFontType0 /BaseFont /STSong-Light\n"
    b"   /CIDSystemInfo << /Registry (Adobe) /Ordering (GB1) /Supplement 4 >>\n"
    b"   /DW 1000 /W [1 [500] 814 939 500] /FontDescriptor 5 0 R >>",
    b"<< /Type /FontDescriptor /FontName /STSong-Light /Flags 6\n"
    b"   /FontBBox [-25 -254 1000 880] /ItalicAngle 0 /Ascent 880\n"
    b"   /Descent -120 /CapHeight 880 /StemV 93 >>",
    b"<< /Type /XObject /Subtype /Image /Width 2 /Height 2 /BitsPerComponent 8"
    b"\n   /ColorSpace /DeviceGray /Length 4 >>\nstream\n\x00\x80\x40\xc0\n"
    b"endstream",
]

WIDTH, HEIGHT = 595, 842


def drawn(lines=(), picture=0, drawing=False):
    """what a page shows: "picture" is the part of it that one covers"""
    out = ["BT /F1 12 Tf 72 %d Td <%s> Tj ET"
           % (HEIGHT - 60 - 20 * i, line.encode("utf-16-be").hex())
           for i, line in enumerate(lines)]
    if picture:
        out.append("q %d 0 0 %d 0 0 cm /I1 Do Q"
                   % (WIDTH, round(HEIGHT * picture)))
    if drawing:
        out.append("2 w 100 100 m 400 500 l S")
    return "\n".join(out).encode()


def pdf(pages):
    """of the arguments of drawn(), a dict for each page"""
    first = 3 + len(FONT)
    kids = b" ".join(b"%d 0 R" % (first + 2 * i) for i in range(len(pages)))
    objects = [b"<< /Type /Catalog /Pages 2 0 R >>",
               b"<< /Type /Pages /Kids [%b] /Count %d >>"
               % (kids, len(pages))] + FONT
    for i, page in enumerate(pages):
        data = drawn(**page)
        objects.append(
            b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 %d %d]\n"
            b"   /Contents %d 0 R /Resources << /Font << /F1 3 0 R >>\n"
            b"   /XObject << /I1 6 0 R >> >> >>"
            % (WIDTH, HEIGHT, first + 2 * i + 1))
        objects.append(b"<< /Length %d >>\nstream\n%b\nendstream"
                       % (len(data), data))
    out = bytearray(b"%PDF-1.4\n%\xe2\xe3\xcf\xd3\n")
    places = []
    for number, body in enumerate(objects, 1):
        places.append(len(out))
        out += b"%d 0 obj\n%b\nendobj\n" % (number, body)
    start = len(out)
    out += b"xref\n0 %d\n0000000000 65535 f \n" % (len(places) + 1)
    out += b"".join(b"%010d 00000 n \n" % place for place in places)
    out += b"trailer\n<< /Size %d /Root 1 0 R >>\nstartxref\n%d\n%%%%EOF\n" % (
        len(places) + 1, start)
    return bytes(out)
