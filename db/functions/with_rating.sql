-- Adds a rating to the ratings of a conversation: {"conversation": R, "bot": R, "agent": R, "agents": {id: R}}, each with the
-- latest as {"place", "value", "feedback"}. p_body is the body of the rating event.
create or replace function with_rating(p_ratings jsonb, p_place text, p_body jsonb)
returns jsonb language plpgsql immutable
as $$
declare
  v_rating jsonb := jsonb_build_object('place', p_place, 'value', p_body->'value', 'feedback', p_body->'feedback');
  v_ratings jsonb := coalesce(p_ratings, '{"agents": {}}');
  v_target text := p_body->>'target';
  v_agent text := p_body->>'agent_id';
begin
  if not coalesce(v_ratings->v_target->>'place' > p_place collate "C", false) then
    v_ratings := v_ratings || jsonb_build_object(v_target, v_rating);
  end if;
  if v_agent is not null and not coalesce(v_ratings->'agents'->v_agent->>'place' > p_place collate "C", false) then
    v_ratings := jsonb_set(v_ratings, array['agents', v_agent], v_rating);
  end if;
  return v_ratings;
end;
$$;
