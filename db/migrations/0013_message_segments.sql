-- The messages of the conversations of a segment, beside their columns, and the range of time in which they lie. Those of a
-- segment that is not built anew yet may lie anywhere.
alter table conversation_segments
  add m_row_count integer, add m_from timestamptz default '-infinity', add m_to timestamptz default 'infinity', add m_bot bytea, add m_bot_version bytea, add
  m_channel bytea, add m_sender bytea, add m_hour bytea, add m_minute bytea, add m_millisecond bytea, add m_sender_id
  bytea, add m_user_id bytea, add m_intent bytea, add m_collection_id bytea, add m_team_id bytea, add m_language
  bytea, add m_desk_id bytea, add m_integration_id bytea, add m_campaign_id bytea, add m_campaign_source bytea, add
  m_is_test bytea, add m_response bytea, add m_user_messages bytea, add m_conversation bytea;

alter table conversation_segments
  alter m_bot set storage external, alter m_bot_version set storage external, alter m_channel set storage external,
  alter m_sender set storage external, alter m_hour set storage external, alter m_minute set storage external, alter
  m_millisecond set storage external, alter m_sender_id set storage external, alter m_user_id set storage external,
  alter m_intent set storage external, alter m_collection_id set storage external, alter m_team_id set storage
  external, alter m_language set storage external, alter m_desk_id set storage external, alter m_integration_id set
  storage external, alter m_campaign_id set storage external, alter m_campaign_source set storage external, alter
  m_is_test set storage external, alter m_response set storage external, alter m_user_messages set storage external,
  alter m_conversation set storage external;

-- Nothing marks those without conversations.
update conversation_segments set m_row_count = 0, m_from = null, m_to = null where row_count = 0;

create index conversation_segments_by_messages on conversation_segments (account_id, bot_id, m_from, m_to);

-- The range of time in which messages lie of the conversations that a mark is about; null where it is unknown.
alter table segment_marks add messages_from timestamptz, add messages_to timestamptz;

-- What a builder of segments has to know. A process of the version before, which says nothing, is refused: it would leave the
-- messages of a segment as they were, and take its marks.
alter table conversation_segments add layout integer not null default 2;

alter table conversation_segments alter layout drop default;

-- Segments from before lack messages: all are built again.
insert into pending_marks
select from (select) one
where exists (select from conversation_segments) and not exists (select from pending_marks);
