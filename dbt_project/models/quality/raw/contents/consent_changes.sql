with delivered as (

    select contact_id, {{ consent_flags() | join(', ') }} from {{ ref('recent_contacts') }} where is_new and is_latest

),

before as (

    {{ newest_by(
        source('raw', 'contacts'), ['contact_id'], ['contact_id'] + consent_flags(), newest_first(),
        '_business_date <= ' ~ unpublished_since() ~ ' and contact_id in (select contact_id from delivered)'
        ~ ' and _business_date >= ' ~ level_begins(['opt_outs_reset'], 'contacts')
    ) }}

),

refusals as (

    {% for flag in consent_flags() %}
    select '{{ flag }}' as column_name, delivered.{{ flag }} as is_regained
    from delivered
    inner join before on delivered.contact_id = before.contact_id
    where not before.{{ flag }}
    {% if not loop.last %}union all{% endif %}
    {% endfor %}

),

-- How often a refusal turned into consent on the days before.
versions as (

    {% for flag in consent_flags() %}
    select
        {{ flag }} as consents,
        lag({{ flag }}) over (partition by contact_id order by updated_at asc nulls first, _business_date asc, _line asc)
            as consented
    from {{ ref('recent_contacts') }}
    where not is_new
    {% if not loop.last %}union all{% endif %}
    {% endfor %}

),

usual as (

    select {{ share('count(*) filter (where consents) + 1', 'count(*) + 10') }} as usual_share
    from versions
    where not consented

),

counted as (

    select column_name, count(*) as refused, count(*) filter (where is_regained) as regained
    from refusals
    group by column_name

),

judged as (

    select
        counted.*,
        {{ share('counted.regained', 'counted.refused') }} as regained_share,
        usual.usual_share,
        {{ deviation('counted.regained', 'counted.refused * usual.usual_share', '1 - usual.usual_share') }} as deviation
    from counted
    cross join usual

),

final as (

    select
        'contacts' as export,
        column_name,
        refused,
        regained,
        regained_share,
        usual_share,
        -- Chance, and what refusals did before, aside.
        case when deviation > 4 then regained_share else 0 end as share_beyond_usual
    from judged

)

select * from final
