"""Tell people what a run did: by mail, in Slack, or in any service that Apprise knows.

Each function is a callback. ``summary_text`` and ``summary_html`` say what became of the records, which failed and why,
and what to do; they never raise, whatever ended the task.
"""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING

from airflow.sdk import DAG, BaseNotifier, Context

from airflow_provider_vcc.notifications import summary_html, summary_text
from airflow_provider_vcc.operators.batch_disposition import BatchDispositionOperator

if TYPE_CHECKING:
    from airflow.sdk import Context


# [START howto_notify_smtp]
def send_mail(context: Context) -> None:
    """Send a mail, through the connection ``smtp_default``."""
    from airflow.providers.smtp.notifications.smtp import SmtpNotifier

    SmtpNotifier(
        to="supervisors@example.com",
        from_email="airflow@example.com",
        subject=summary_text(context).splitlines()[0],
        html_content=summary_html(context),
    ).notify(context)


# [END howto_notify_smtp]


# [START howto_notify_slack]
def post_to_slack(context: Context) -> None:
    """Post to the channel of the connection ``slack_default``, an incoming webhook."""
    from airflow.providers.slack.notifications.slack_webhook import SlackWebhookNotifier

    text = escape(summary_text(context), quote=False)  # so that nothing in it is a link or a mention
    notifier: BaseNotifier = SlackWebhookNotifier(slack_webhook_conn_id="slack_default", text=text)
    notifier.notify(context)


# [END howto_notify_slack]


# [START howto_notify_apprise]
def tell_apprise(context: Context) -> None:
    """Tell whatever the connection ``apprise_default`` lists: Teams, Telegram, a pager."""
    from airflow.providers.apprise.notifications.apprise import AppriseNotifier

    title, _, body = summary_text(context).partition("\n")
    notifier: BaseNotifier = AppriseNotifier(apprise_conn_id="apprise_default", title=title, body=body)
    notifier.notify(context)


# [END howto_notify_apprise]


# [START howto_notify_success]
def mail_if_some_failed(context: Context) -> None:
    """Send a mail for a success, too, if some records failed and were tolerated."""
    summary = context["ti"].xcom_pull(task_ids=context["ti"].task_id, key="summary")
    if summary and summary["failed"]:
        send_mail(context)


# [END howto_notify_success]


# [START howto_notify]
with DAG("vcc_notify", schedule=None, tags=["vcc"], doc_md=__doc__):
    BatchDispositionOperator(
        task_id="set_dispositions",
        project_id=17,
        elements=[{"numberid": "1", "dispositionid": 2}],
        max_error_rate=0.01,
        on_failure_callback=send_mail,
        on_success_callback=mail_if_some_failed,
    )
# [END howto_notify]
