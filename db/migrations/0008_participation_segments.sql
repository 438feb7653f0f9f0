-- The participations of the conversations of a segment, beside their columns.
alter table conversation_segments
  add p_row_count integer, add p_scope bytea, add p_bot bytea, add p_chat_type bytea, add p_hour bytea, add p_minute
  bytea, add p_millisecond bytea, add p_conversation_team bytea, add p_account bytea, add p_chat_initiator bytea,
  add p_is_test bytea, add p_team_id bytea, add p_agent_id bytea, add p_agent_organization_id bytea, add
  p_agent_messages bytea, add p_user_messages bytea, add p_orders bytea, add p_conversation bytea;

alter table conversation_segments
  alter p_scope set storage external, alter p_bot set storage external, alter p_chat_type set storage external,
  alter p_hour set storage external, alter p_minute set storage external, alter p_millisecond set storage external,
  alter p_conversation_team set storage external, alter p_account set storage external, alter p_chat_initiator set
  storage external, alter p_is_test set storage external, alter p_team_id set storage external, alter p_agent_id set
  storage external, alter p_agent_organization_id set storage external, alter p_agent_messages set storage external,
  alter p_user_messages set storage external, alter p_orders set storage external, alter p_conversation set storage
  external;

-- Segments from before lack them: all are built again.
insert into pending_marks
select from (select) one
where exists (select from conversation_segments) and not exists (select from pending_marks);

-- Not on the dimension itself: before the table is analyzed, the look-up of a text would read all texts of its dimension by
-- this index rather than one by the primary key.
drop index dictionary_by_code;

create unique index dictionary_by_code on dictionary (account_id, (dimension || ''), code);
