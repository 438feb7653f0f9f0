-- When a mark was made, so that an operator sees how far the segments are behind.
alter table segment_marks add column marked_at timestamptz not null default now();
