# SPDX-License-Identifier: Apache-2.0
"""A few lines of S3 in plain Python: its own signatures, so that it can judge the program's."""
import datetime
import hashlib
import hmac
import http.client
import urllib.parse
import xml.etree.ElementTree as xml

NAMESPACE = "{http://s3.amazonaws.com/doc/2006-03-01/}"


def escape(text, safe=""):
    return urllib.parse.quote(text, safe=safe + "-._~")


def signature(method, path, query, headers, payload, date, region, service, secret):
    """Of a request whose path is escaped already; `headers` in lower case."""
    def mac(key, text):
        return hmac.new(key, text.encode(), hashlib.sha256).digest()
    names = ";".join(sorted(headers))
    canonical = "\n".join([
        method, path, "&".join(f"{escape(k)}={escape(v)}" for k, v in sorted(query.items())),
        *(f"{name}:{headers[name].strip()}" for name in sorted(headers)), "", names, payload])
    scope = f"{date[:8]}/{region}/{service}/aws4_request"
    to_sign = "\n".join(["AWS4-HMAC-SHA256", date, scope, hashlib.sha256(canonical.encode()).hexdigest()])
    key = ("AWS4" + secret).encode()
    for part in (date[:8], region, service, "aws4_request"):
        key = mac(key, part)
    return names, scope, mac(key, to_sign).hex()


class S3Client:
    def __init__(self, port, access_key, secret_key, region="us-east-1"):
        self.port = port
        self.access_key = access_key
        self.secret_key = secret_key
        self.region = region

    def request(self, method, path, query=None, body=b"", headers=None):
        """`path`: not escaped, "/bucket/key". (status, headers, body)"""
        query = query or {}
        date = datetime.datetime.now(datetime.timezone.utc).strftime("%Y%m%dT%H%M%SZ")
        payload = hashlib.sha256(body).hexdigest()
        headers = {"host": f"127.0.0.1:{self.port}", "x-amz-date": date,
                   "x-amz-content-sha256": payload, **(headers or {})}
        path = escape(path, "/")
        names, scope, sign = signature(method, path, query, headers, payload, date, self.region, "s3",
                                       self.secret_key)
        headers["authorization"] = (f"AWS4-HMAC-SHA256 Credential={self.access_key}/{scope}, "
                                    f"SignedHeaders={names}, Signature={sign}")
        text = "&".join(f"{escape(k)}={escape(v)}" for k, v in sorted(query.items()))
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=60)
        try:
            connection.request(method, path + ("?" + text if text else ""), body=body, headers=headers)
            answer = connection.getresponse()
            return answer.status, dict(answer.getheaders()), answer.read()
        finally:
            connection.close()

    def _good(self, method, path, **arguments):
        status, _, body = self.request(method, path, **arguments)
        assert 200 <= status < 300, f"{method} {path}: {status} {body!r}"
        return body

    def make_bucket(self, bucket):
        self._good("PUT", f"/{bucket}")

    def put(self, bucket, key, body):
        self._good("PUT", f"/{bucket}/{key}", body=body)

    def get(self, bucket, key):
        return self._good("GET", f"/{bucket}/{key}")

    def delete(self, bucket, key):
        self._good("DELETE", f"/{bucket}/{key}")

    def keys(self, bucket, prefix=""):
        """{key: size} of all, page by page."""
        found, token = {}, {}
        while True:
            tree = xml.fromstring(self._good(
                "GET", f"/{bucket}", query={"list-type": "2", "prefix": prefix, **token}))
            for entry in tree.iter(NAMESPACE + "Contents"):
                found[entry.find(NAMESPACE + "Key").text] = int(entry.find(NAMESPACE + "Size").text)
            more = tree.find(NAMESPACE + "NextContinuationToken")
            if more is None or not more.text:
                return found
            token = {"continuation-token": more.text}

    def uploads(self, bucket):
        """Keys of the uploads that were begun and not ended."""
        tree = xml.fromstring(self._good("GET", f"/{bucket}", query={"uploads": ""}))
        return [entry.find(NAMESPACE + "Key").text for entry in tree.iter(NAMESPACE + "Upload")]
