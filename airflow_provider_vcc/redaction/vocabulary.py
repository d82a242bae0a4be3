"""Words that are known to be somebody's own: of the API's documentation, of databases, of plain grammar."""

from __future__ import annotations

__all__ = ["API", "CRITERIA", "DATABASE", "FIELDS", "GRAMMAR", "IDS", "PHRASES"]

IDS = frozenset({"numberid", "dispositionid", "userid", "projectid", "pref_userid", "next_contactid"})
"""Fields whose values are ids, which messages may show."""
FIELDS = frozenset(
    {
        *("numberid", "search", "dispositionid", "userid", "next_calldate", "description", "sendDispositionMessages"),
        *("elements", "disposition", "avoid_in_call"),
    }
)
"""Names in a request."""
CRITERIA = frozenset({"numberid", "pref_userid", "act_status", "name"})
"""Names in a search that the documentation has."""


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


API = _words(
    """
    accepted access act allowed already api authentication authorization avoid batch body calldate cdrs closed code
    contact contacts container credentials data database date denied description disposition dispositionid
    dispositions
    duplicate element elements empty error errorcode errormessage errors event events exceeded exist exists expired
    failed false field fields folder folderid forbidden format found handled http https id ids inactive index internal
    invalid ip is_locked json key limit list locked maintenance malformed method methods mandatory missing
    modified next
    next_calldate null number numberid object pref pref_userid project projectid projects quota rate read readonly
    record records refused reject rejected request requests required resource response search senddispositionmessages
    server service size status string success sync syntax temporarily text timeout token true type unauthorized
    unavailable unexpected unknown unsupported update updated user userid users value values write wrong
    act_status avoid_in_call in or not and no of
    """
)
"""Words of the API's documentation, and those of which names such as ``error.unknown_record`` are made."""

GRAMMAR = _words(
    """
    the and for are was were has have had not but you your all any can cannot could may might must shall should will
    would with without within this that these those there here from into onto than then when where which while
    who whom
    whose what why how its it's his her him she they them our out one two too many more most less least only
    also again
    please try later before after because since until been being does did done this due per via both either neither
    nor same such other another some each every over under between about above below
    """
)
"""Words that say nothing of anybody. A quote of six characters and more is taken out nevertheless."""

DATABASE = _words(
    """
    a abort aborted access active admin after aggregate alias all already ambiguous an and any are argument arguments
    array as ascending at attempt attribute authentication authorization back backend bad be because been before
    between
    bigint binary bind bit blob boolean broken buffer but by bytes call calls can cancel canceled cancelled
    cannot cast
    catalog caused change changed char character characters check client close closed code collation column columns
    command commands commit committed communication compare compile concurrent condition conflict connect connected
    connecting connection connections constraint contain contains context conversion convert converting could create
    created cross current cursor data database databases datatype date datetime deadlock decimal default deferred
    delete denied depth detected dialect did different dimension disconnected disk division by zero due
    canceling cancelling canceled do does double
    driver drop duplicate
    during dynamic either element empty encoding end engine enough entry enum equal error errors exceeded exceeds
    exception exclusive execute executing execution exhausted exist existing exists expected expecting expression
    external failed failure fatal fetch field file find first float for foreign forbidden found from full function
    functions general generated got grant group has have having hint host identifier in incompatible incorrect index
    inner input insert instance insufficient integer integrity internal interrupted interval into invalid is isolation
    it join json key keys keyword kind language large last length level library like limit line link list
    literal local
    lock locked login long longer lost malformed many match matching matches maximum may memory message method
    migration
    mismatch missing mode module more multiple must name named near negative network new no non not nothing null
    number
    numeric object of off offset on only open operand operation operator operators option or order other out overflow
    owner packet packets page parameter parameters parse parser parsing partition password perhaps permission
    permissions permitted please point pool port position positional precision prepared primary privilege privileges
    procedure process protocol query range read readonly real reason reached receive received record recursion
    reference
    referenced references refused reject relation remote replication request required reserved reset resource response
    restricted result return returned returns role rollback routine row rows running savepoint scale schema script
    select sequence serial server serialize serialization session set size smallint socket sort space specified
    sql sqlstate ssl stack start started statement state status storage stored string structure such supplied support
    supported synchronous syntax system table tables tablespace temporary terminated terminating than that the there
    this time timed timeout timestamp to token too transaction transactions trigger truncate truncated try type types
    uint unable undefined unexpected union unique unknown unrecognized unsupported until up update use used user using
    uuid valid value values varchar varying version view violates violation virtual wait was when where while will
    with within without work write writing wrong you your zone clause outside context deadline exist hasn't doesn't
    can't isn't didn't one two abs ansi ascii binary bool bytea caller double inet int int2 int4 int8 numeric odbc
    psycopg psycopg2 pymysql mysql mariadb postgresql postgres sqlite sqlite3 oracle duckdb trino snowflake
    mssql pyodbc
    abnormally authenticate broadcast consuming eof gone host's lookup means peer probably processing resolve send
    sending sent shutting syscall translate unexpectedly unreachable
    adapt allowed binding bindings decode determine dictionary dotted improper mapping must placeholder placeholders
    qualified requires uses
    """
)
"""Words that databases and their drivers document as those of their messages."""

PHRASES = frozenset(
    {"field list", *(f"{place} clause" for place in ("from", "group", "having", "on", "order", "where"))}
)
"""What MySQL quotes of a query beside names and values: anything else of several words in quotes may be a value."""
