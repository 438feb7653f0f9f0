-- The number of all messages of a conversation, so that a report that adds them up reads one column in place of three.
alter table conversation_segments add messages bytea;

alter table conversation_segments alter messages set storage external;

-- A process of the version before is refused: it would leave this column as it was, and take the marks of its segment.
update conversation_segments set layout = 3;

alter table conversation_segments add constraint conversation_segments_layout check (layout = 3);

-- Segments from before lack it: all are built again.
insert into pending_marks
select from (select) one
where exists (select from conversation_segments) and not exists (select from pending_marks);
