"""What befalls an entity-group transaction: its answer is lost, or it is refused for one of its rows."""

LINE = b"/$batch "
"""In the first line of the request of one, and of no other."""

_ERROR = (
    b'{"odata.error":{"code":"UpdateConditionNotSatisfied","message":{"lang":"en-US","value":'
    b'"1:The update condition specified in the request was not satisfied."}}}'
)
_PART = b"\r\n".join(
    (
        b"Content-Type: application/http",
        b"Content-Transfer-Encoding: binary",
        b"",
        b"HTTP/1.1 412 Precondition Failed",
        b"DataServiceVersion: 3.0;",
        b"Content-Type: application/json;odata=minimalmetadata;charset=utf-8",
        b"",
        _ERROR,
    )
)
_CHANGES = b"--changesetresponse_f\r\n" + _PART + b"\r\n--changesetresponse_f--\r\n"
_BODY = (
    b"--batchresponse_f\r\nContent-Type: multipart/mixed; boundary=changesetresponse_f\r\n\r\n"
    + _CHANGES
    + b"--batchresponse_f--\r\n"
)
REFUSAL = (
    b"HTTP/1.1 202 Accepted\r\nContent-Type: multipart/mixed; boundary=batchresponse_f\r\nContent-Length: "
    + str(len(_BODY)).encode()
    + b"\r\n\r\n"
    + _BODY
)
"""What the account answers where the condition of the second operation is not met: nothing of it is done.

Source: "Performing entity group transactions", sample error response.
"""
