-- Loads that the last build did not know: loaded since, or of a business date it did not reach.
select files.load_id, files.export
from {{ source('meta', 'load_files') }} as files
left join {{ source('meta', 'build_state') }} as state on true
where
    files.state = 'loaded'
    and files.business_date <= {{ business_date() }}
    and (
        state.load_id is null
        or files.load_id > state.load_id
        or files.business_date > state.business_date
    )
