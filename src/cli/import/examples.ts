/** The text of --help after the options. */
export const examples = `
Tables and JSON records:
  The columns id, time, conversation_id and text are used under their own names, all others only with --map.
  FIELD is a field of a message event or an attribute of its conversation. A name that both have (team_id, brain_id,
  tags, rule_ids) is the message's; conversation.team_id is the conversation's, and message.team_id is the explicit form.
  Every row is a message and needs a sender: user, bot or agent. Nulls and empty CSV cells are omitted. Text is
  converted to the type of its field: a number, true or false, a JSON object or list. docs/import.md has more, and the
  language of --mapping.

Examples:
  What would be sent, without a key and without a service:
    $ conversation-reports import chats.csv --dry-run --set sender=user

  Events, with the key in the environment (KEY_ID:SECRET), to this machine:
    $ export CONVERSATION_REPORTS_KEY=...
    $ conversation-reports import events.ndjson more-events.ndjson.gz

  A table of messages with columns of other names:
    $ conversation-reports import --map id=message_id --map sender_id=user_id --map channel=channel \\
        --set bot_id=fcc --set bot_version=LIVE --set sender=user fcc-gitter.messages.ndjson.gz

  A JSON document with nested records, words of its own and local times:
    $ conversation-reports import chats.json --map id=id --map conversation_id=chat.id --map time=at \\
        --map sender=direction --value sender:incoming=user,outgoing=agent --time-zone Europe/Berlin

  CSV from a database, without a file in between:
    $ psql -c "copy (select ...) to stdout csv header" | conversation-reports import --csv \\
        --map sender=role --map conversation.team_id=team --url https://reports.example.com -

Exit status: 0 all was stored or ignored; 1 something was refused (file:line: reason) or the import was aborted;
2 the command line does not fit the files, nothing was sent; 130 interrupted.
`;
