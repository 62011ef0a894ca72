"""
A small S3 client, to prepare and look at a store's objects behind the back of
what is tested.  Its SigV4 is its own: what libcurl signs is checked by others.
"""

import datetime
import hashlib
import hmac
import http.client
import urllib.parse
import xml.etree.ElementTree


def quote(text, safe="-_.~"):
    return urllib.parse.quote(text, safe=safe)


def digest(key, text):
    return hmac.new(key, text.encode(), hashlib.sha256).digest()


def sign(method, host, path, query, payload, access_key, secret_key, region):
    """the headers of a request; path and query are encoded as sent"""
    now = datetime.datetime.now(datetime.timezone.utc)
    stamp = now.strftime("%Y%m%dT%H%M%SZ")
    scope = "%s/%s/s3/aws4_request" % (stamp[:8], region)
    headers = {"host": host, "x-amz-content-sha256": payload,
               "x-amz-date": stamp}
    names = ";".join(sorted(headers))
    canonical = "\n".join(
        [method, path, query]
        + ["%s:%s" % (name, headers[name]) for name in sorted(headers)]
        + ["", names, payload])
    key = ("AWS4" + secret_key).encode()
    for part in scope.split("/"):
        key = digest(key, part)
    signature = hmac.new(key, "\n".join([
        "AWS4-HMAC-SHA256", stamp, scope,
        hashlib.sha256(canonical.encode()).hexdigest()]).encode(),
        hashlib.sha256).hexdigest()
    headers["authorization"] = (
        "AWS4-HMAC-SHA256 Credential=%s/%s, SignedHeaders=%s, Signature=%s"
        % (access_key, scope, names, signature))
    del headers["host"]
    return headers


class Answer:
    def __init__(self, response, whole):
        self.status = response.status
        self.headers = response.headers
        self.body = response.read() if whole else b""

    @property
    def code(self):
        """of an error: NoSuchKey, ..."""
        root = xml.etree.ElementTree.fromstring(self.body)
        return root.findtext("Code")

    def texts(self, name):
        """of all elements of that name"""
        root = xml.etree.ElementTree.fromstring(self.body)
        return [e.text for e in root.iter() if e.tag.endswith("}" + name)]


class S3:
    def __init__(self, port, bucket="bids", access_key="test:tester",
                 secret_key="testing", region="us-east-1", timeout=60):
        self.host = "127.0.0.1:%d" % port
        self.keys = access_key, secret_key, region
        self.bucket = bucket
        self.timeout = timeout

    def request(self, method, key="", body=None, query=None, headers=None,
                whole=True):
        """body: bytes, a file; whole: False: the reply's body is not read"""
        path = quote("/%s%s" % (self.bucket, "/" + key if key else ""),
                     "/-_.~")
        query = "&".join("%s=%s" % (quote(name), quote(value))
                         for name, value in sorted((query or {}).items()))
        signed = sign(method, self.host, path, query, "UNSIGNED-PAYLOAD",
                      *self.keys)
        connection = http.client.HTTPConnection(self.host,
                                                timeout=self.timeout)
        try:
            connection.request(method, path + ("?" + query if query else ""),
                               body, dict(signed, **headers or {}))
            return Answer(connection.getresponse(), whole)
        finally:
            connection.close()

    def put(self, key, body, **headers):
        return self.request("PUT", key, body, headers=headers).status == 200

    def get(self, key):
        """the content; None: there is no such object"""
        answer = self.request("GET", key)
        return answer.body if answer.status == 200 else None

    def delete(self, key):
        return self.request("DELETE", key).status == 204

    def list(self, prefix=""):
        """all keys, in order"""
        keys, query = [], {"list-type": "2", "prefix": prefix}
        while True:
            answer = self.request("GET", query=query)
            keys += answer.texts("Key")
            token = answer.texts("NextContinuationToken")
            if not token:
                return keys
            query["continuation-token"] = token[0]

    def uploads(self):
        """multipart uploads that were begun and neither done nor given up"""
        return self.request("GET", query={"uploads": ""}).texts("UploadId")

    def empty(self):
        for key in self.list():
            self.delete(key)
