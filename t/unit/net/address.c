
/*
 * Proves which addresses are public, what is a name and what may be taken for
 * an address.
 */

#include "tap.h"
#include "review/net/address.h"


#define count(array)  (sizeof(array) / sizeof((array)[0]))


static review_address_t
address(const char *text)
{
    review_address_t  a;

    if (review_address_parse(&a, text, strlen(text)) != 0) {
        printf("# not an address: %s\n", text);
        tap_failed++;
        memset(&a, 0, sizeof(a));
    }

    return a;
}


static void
publics(void)
{
    size_t            i;
    review_address_t  a;

    static const char *const  yes[] = {
        "1.1.1.1", "8.8.8.8", "9.255.255.255", "11.0.0.0", "100.63.255.255",
        "100.128.0.0", "126.255.255.255", "128.0.0.0", "169.253.255.255",
        "169.255.0.0", "172.15.255.255", "172.32.0.0", "192.0.1.0",
        "192.167.255.255", "192.169.0.0", "198.17.255.255", "198.20.0.0",
        "223.255.255.255", "::ffff:8.8.8.8", "64:ff9b::8.8.8.8",
        "2001:4860:4860::8888", "2400::1", "2001:200::1", "3fff:1000::"
    };
    static const char *const  no[] = {
        "0.0.0.0", "0.1.2.3", "10.0.0.0", "10.255.255.255", "100.64.0.0",
        "100.127.255.255", "127.0.0.1", "127.255.255.255", "169.254.169.254",
        "172.16.0.0", "172.31.255.255", "192.0.0.8", "192.0.2.1",
        "192.88.99.1", "192.168.0.1", "198.18.0.0", "198.19.255.255",
        "198.51.100.1", "203.0.113.1", "224.0.0.1", "239.255.255.255",
        "240.0.0.1", "255.255.255.255",
        "::", "::1", "::2", "::127.0.0.1", "::8.8.8.8", "::ffff:127.0.0.1",
        "::ffff:10.0.0.1", "::ffff:0:127.0.0.1", "64:ff9b::10.0.0.1",
        "64:ff9b::127.0.0.1", "64:ff9b:1::8.8.8.8", "100::1", "2001::1",
        "2001:10::1", "2001:1ff::", "2001:db8::1", "2002:7f00:1::",
        "2002:808:808::", "3fff::1", "3fff:fff::", "4000::1", "5f00::1",
        "fc00::1", "fd00::1", "fdff::", "fe80::1", "fec0::1", "ff02::1"
    };

    for (i = 0; i < count(yes); i++) {
        a = address(yes[i]);
        ok(review_address_public(&a), "%s is public", yes[i]);
    }

    for (i = 0; i < count(no); i++) {
        a = address(no[i]);
        ok(!review_address_public(&a), "%s is not public", no[i]);
    }
}


static void
parsing(void)
{
    char              name[300];
    size_t            i, len;
    review_address_t  a;

    static const char *const  none[] = {
        "", "1", "1.2.3", "127.1", "01.2.3.4", "1.2.3.256", "1.2.3.4.5",
        "0x7f.0.0.1", "1.2.3.4 ", "[::1]", "::1%lo", ":::", "1::2::3",
        "g::", "2130706433"
    };
    static const char *const  names[] = {
        "a", "localhost", "EXAMPLE.com", "a-b.c_d.e1", "1.a", "a.", "xn--a.b",
        "127.0.0.1.nip.io", "0xa.b"
    };
    static const char *const  bad[] = {
        "", ".", "..", ".a", "a..b", "a b", "a/b", "a:1", "a%41", "\xc3\xa4",
        "1", "127.1", "a.1", "a.0x1", "0x7f000001", "0x", "a.0x", "a.1.",
        "*.a", "a@b", "[::1]"
    };

    for (i = 0; i < count(none); i++) {
        ok(review_address_parse(&a, none[i], strlen(none[i])) == -1,
           "\"%s\" is no address", none[i]);
    }

    ok(review_address_parse(&a, "1.2.3.4\0", 8) == -1, "a NUL behind it");

    for (i = 0; i < count(names); i++) {
        len = review_address_host_name(name, names[i], strlen(names[i]));
        ok(len && name[len - 1] != '.' && memchr(name, 'E', len) == NULL,
           "\"%s\" is a name", names[i]);
    }

    for (i = 0; i < count(bad); i++) {
        ok(review_address_host_name(name, bad[i], strlen(bad[i])) == 0,
           "\"%s\" is none", bad[i]);
    }

    memset(name, 'a', sizeof(name));
    ok(review_address_host_name(name, name, 63) == 63, "63 bytes");
    ok(review_address_host_name(name, name, 64) == 0, "64 bytes are too many");
}


int
main(void)
{
    publics();
    parsing();

    return tap_end();
}
