"""An alert as an e-mail, by the user's own SMTP server."""

from __future__ import annotations

import smtplib
import ssl
from email.message import EmailMessage

from mfbench.core.errors import MfbenchError
from mfbench.monitoring.settings import Email

TIMEOUT = 10.0  # seconds for each step of the exchange


def send(email: Email, subject: str, text: str) -> None:
    """email: with its placeholders filled in. Raises MfbenchError where it is not taken for every address."""
    try:
        with smtplib.SMTP(email.host, email.port, timeout=TIMEOUT) as server:
            if email.tls:
                server.starttls(context=ssl.create_default_context())
            if email.user is not None:
                server.login(email.user, email.password or "")
            refused = server.send_message(_message(email, subject, text))
    except smtplib.SMTPNotSupportedError:
        what = "STARTTLS; for a server of your own without it: tls = false" if email.tls else "a login"
        raise MfbenchError(f"the server does not know {what}") from None
    except smtplib.SMTPAuthenticationError as error:
        raise MfbenchError(f"the server refuses the user or password (status {error.smtp_code})") from None
    except smtplib.SMTPRecipientsRefused:
        raise MfbenchError("the server refuses every address") from None
    except smtplib.SMTPResponseException as error:
        raise MfbenchError(f"the server refuses it: {error.smtp_code} {error.smtp_error!r}") from None
    except ssl.SSLCertVerificationError as error:
        raise MfbenchError(f"the server's certificate does not hold: {error.verify_message}") from None
    except (OSError, smtplib.SMTPException) as error:
        raise MfbenchError(f"the server cannot be reached: {getattr(error, 'strerror', None) or error}") from None
    except ValueError as error:
        raise MfbenchError(f"no e-mail can be made of it: {error}") from None
    if refused:
        raise MfbenchError(f"the server refuses {len(refused)} of {len(email.to)} addresses")


def _message(email: Email, subject: str, text: str) -> EmailMessage:
    message = EmailMessage()
    message["Subject"] = " ".join(subject.split())[:200]
    message["From"] = email.sender
    message["To"] = ", ".join(email.to)
    message.set_content(text)
    return message
