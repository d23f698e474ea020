/// What the pages add to the report's style sheet: the same type scale, colours and accent; bars, forms, lists, panels.
enum PageStyle {
  static let text = """
    body{max-width:84rem;display:flex;flex-direction:column;min-height:100vh;padding-bottom:0}
    main{flex:1;padding:1.25rem 0 3rem;outline-offset:.5rem;min-width:0}main:focus{outline:none}
    section{padding-top:1.5rem}section>p,section>ul{max-width:52rem}
    h1{font-size:var(--s3);margin:.25rem 0 .5rem}h2{font-size:var(--s2);margin:0 0 .75rem}h3{margin:1.25rem 0 .375rem}
    .sr{position:absolute;width:1px;height:1px;overflow:hidden;clip-path:inset(50%);white-space:nowrap}
    .bar{display:flex;flex-wrap:wrap;align-items:baseline;gap:.25rem 2rem;padding:.875rem 0 0;border-bottom:1px solid var(--line)}
    .brand{margin:0;display:flex;gap:.75rem;align-items:baseline;min-width:0}
    .brand a{font-weight:700;text-decoration:none;letter-spacing:-.01em}
    .case{color:var(--soft);font-size:var(--s0);overflow:hidden;text-overflow:ellipsis;white-space:nowrap;max-width:18rem}
    nav ul{display:flex;flex-wrap:wrap;list-style:none;padding:0;margin:0;gap:0 1.25rem;font-size:var(--s0)}
    nav a{display:block;padding:.5rem 0;text-decoration:none;color:var(--soft);border-bottom:2px solid transparent;margin-bottom:-1px}
    nav a:hover{color:var(--ink)}nav a[aria-current]{color:var(--ink);border-bottom-color:var(--accent);font-weight:600}
    .state{display:flex;flex-wrap:wrap;gap:.125rem 1.5rem;font-size:var(--s0);color:var(--soft);margin:.5rem 0 0;font-variant-numeric:tabular-nums}
    .live:not(:empty)::before{content:"";display:inline-block;width:.5rem;height:.5rem;border-radius:50%;background:var(--accent);margin-right:.4rem}
    .soft{color:var(--soft);font-size:var(--s0)}.alarm{color:var(--accent);font-weight:600}
    .empty{color:var(--soft);font-style:italic;padding:1rem 0}
    .status h1{font-size:var(--s4);letter-spacing:-.015em}.status .lede{color:var(--ink);max-width:52rem;font-size:var(--s1)}
    .overview>.status{padding-top:.5rem}
    .figures{gap:1.25rem 1rem;grid-template-columns:repeat(auto-fit,minmax(7.25rem,1fr));margin-top:1.5rem}
    .figure .name{font-size:var(--s0);margin:0;color:var(--soft)}
    .figure .value a{text-decoration:none}.figure .value a:hover{text-decoration:underline}
    .columns{display:grid;grid-template-columns:repeat(auto-fit,minmax(min(100%,24rem),1fr));gap:0 3rem;align-items:start}
    .facts{grid-template-columns:1fr}.facts>div{grid-template-columns:8.5rem minmax(0,1fr)}
    dt abbr{text-decoration:none}.stage{padding:.125rem 0}
    figure{margin:1.5rem 0 0;padding-top:1rem}figcaption a{color:var(--ink)}figure svg{max-width:58rem}
    .brushing{cursor:crosshair}svg .faint{opacity:.45}svg .brush{fill:var(--accent);fill-opacity:.18;stroke:var(--accent)}
    form{margin:0}.inline{display:inline}
    .row{display:flex;flex-wrap:wrap;gap:.5rem .75rem;align-items:end;margin:0 0 .75rem}
    label{display:flex;flex-direction:column;gap:.125rem}label>span,legend{font-size:var(--s0);color:var(--soft)}
    .wide{flex:1 1 12rem;min-width:0}
    input,select,textarea,button,.button{font:inherit;font-size:var(--s0);color:inherit;background:var(--paper);border:1px solid var(--soft);border-radius:.25rem;padding:.375rem .625rem;max-width:100%}
    input,select,button,.button{min-height:2.25rem;line-height:1.25}label+button{margin-top:.625rem}.row>label+button{margin-top:0}
    input,textarea{width:100%}textarea{font-family:inherit;resize:vertical}textarea.sql{font-family:ui-monospace,"SF Mono","DejaVu Sans Mono","Liberation Mono",monospace}
    .row label:not(.wide){flex:0 1 14rem}
    input::placeholder{color:var(--soft);opacity:1}
    button,.button{cursor:pointer;background:var(--ink);border-color:var(--ink);color:var(--paper);text-decoration:none;display:inline-flex;align-items:center}
    button:hover,.button:hover{background:var(--accent);border-color:var(--accent);color:var(--paper)}
    .quiet,.quiet:hover{background:transparent;color:var(--ink);border-color:var(--line)}.quiet:hover{border-color:var(--soft)}
    .notes .quiet,.foot .quiet{border:0;padding:0 .25rem;min-height:0;color:var(--soft);text-decoration:underline;text-underline-offset:.2em}
    .star,.star:hover{background:none;border:0;min-height:0;padding:.0625rem .375rem;color:var(--soft);line-height:1.3}.star.on{color:var(--accent)}
    .event .row .star{border:1px solid var(--line);min-height:2.25rem;padding:.375rem .625rem}.event .row .star:hover{border-color:var(--soft)}
    .split{display:grid;grid-template-columns:14.5rem minmax(0,1fr);gap:0 2rem;align-items:start;margin-top:1rem}
    .facets{font-size:var(--s0);position:sticky;top:0;max-height:100vh;overflow:auto;padding-bottom:1rem}
    .facets ul{list-style:none;padding:0;margin:0 0 .75rem}.facets li{display:flex;justify-content:space-between;gap:.5rem;padding:.125rem 0}
    .facets li a{text-decoration:none;overflow:hidden;text-overflow:ellipsis;white-space:nowrap;min-width:0}.facets li a:hover{text-decoration:underline;color:var(--ink)}
    .facets a[aria-current]{color:var(--accent);font-weight:600}.facets a[aria-current]::before{content:"× "}
    .facets .num{color:var(--soft)}.facets summary{font-weight:600;color:var(--ink)}
    .list{min-width:min(40rem,100%)}.list td{padding:.3125rem .875rem .3125rem 0}.list :is(td,th):first-child{padding-left:.25rem}.list th,.list td code{white-space:nowrap}.list td:has(>.message){min-width:18rem}.list td>a[href^="/fleet?device"]{white-space:nowrap}
    .list caption{padding-top:0}.list time{white-space:nowrap;font-variant-numeric:tabular-nums}
    .list td a{text-decoration-color:var(--line)}.list td a.message{text-decoration:none;overflow-wrap:anywhere}.list td a.message:hover{text-decoration:underline}
    tr:has(:focus-visible){background:var(--wash)}tr.current{background:var(--wash);box-shadow:inset 3px 0 0 var(--accent)}tr:target{outline:0;background:var(--wash);box-shadow:inset 3px 0 0 var(--accent)}
    .sev{white-space:nowrap;color:var(--soft)}.sev.warn{color:var(--ink)}.sev.bad{color:var(--accent);font-weight:600}
    .under{display:flex;align-items:center;gap:1rem;margin:.25rem 0 1rem;font-size:var(--s0)}
    .formats{color:var(--soft)}.more.button{margin:0}
    .report form{max-width:52rem}.places a{margin-right:.25rem}.wide-terms>div{grid-template-columns:minmax(9rem,16rem) minmax(0,1fr)}
    .caret{font-size:var(--s0);overflow-x:auto;margin:.5rem 0 0}
    .said{font-size:var(--s2);line-height:1.4;overflow-wrap:anywhere;margin:.25rem 0 1rem;white-space:pre-wrap}.said.bad{border-left:3px solid var(--accent);padding-left:.75rem}
    .raw pre{background:var(--wash);padding:.75rem 1rem;overflow-x:auto;white-space:pre-wrap;overflow-wrap:anywhere;margin:0;border-radius:.25rem}
    .tabs{display:flex;flex-wrap:wrap;gap:.25rem 1rem;list-style:none;padding:0;font-size:var(--s0)}
    .tabs a{display:block;padding:.25rem 0;text-decoration:none;color:var(--soft);border-bottom:2px solid transparent}.tabs a[aria-current]{color:var(--ink);border-bottom-color:var(--accent);font-weight:600}
    .notes{list-style:none;padding:0}.notes li{padding:.5rem 0;border-bottom:1px solid var(--line)}.kind{font-weight:600}
    .panel{border:1px solid var(--line);border-radius:.375rem;padding:1rem 1.25rem;margin:1rem 0;background:var(--wash)}.panel>:last-child{margin-bottom:0}.panel h2,.panel h3{margin-top:0}
    .tree td:first-child{min-width:15rem}.tree svg{min-width:10rem;width:14rem;display:block}
    .d1{padding-left:1.1rem}.d2{padding-left:2.2rem}.d3{padding-left:3.3rem}.d4{padding-left:4.4rem}.d5{padding-left:5.5rem}.d6{padding-left:6.6rem}.d7{padding-left:7.7rem}.d8{padding-left:8.8rem}
    .fold{display:inline-block;width:1.25rem;text-decoration:none;color:var(--soft)}.leaf{display:inline-block;width:1.25rem}
    .verdict{font-weight:600}.verdict.accept{color:var(--second)}.verdict.reject{color:var(--accent)}
    del{text-decoration:line-through;text-decoration-thickness:2px}.word{margin:.25rem 0 .5rem;overflow-wrap:anywhere}.word time{white-space:nowrap}.list .word{margin:0;min-width:12rem}.words p{margin:0}.words ul{list-style:none;padding:0}.words li{padding:.375rem 0;border-bottom:1px solid var(--line)}
    .doc{border:1px solid var(--line);border-radius:.375rem;padding:0 1.5rem 2rem;margin-top:1rem;max-width:62rem}
    .doc section{padding-top:2rem}.doc h2{font-size:var(--s3)}
    kbd{font:inherit;font-size:var(--s0);border:1px solid var(--soft);border-radius:.25rem;padding:0 .375rem;background:var(--wash)}
    .foot{margin-top:0;padding:.75rem 0 1.25rem;display:flex;flex-wrap:wrap;justify-content:space-between;gap:.25rem 1rem}.foot p{margin:0}
    .alone{max-width:40rem;justify-content:center}.alone main{flex:0 1 auto;padding-top:20vh}.alone pre{white-space:pre-wrap}
    @media(max-width:60rem){.split{grid-template-columns:minmax(0,1fr)}.facets{position:static;max-height:none;columns:2 12rem;column-gap:2rem}.facets details{break-inside:avoid}}
    @media(max-width:40rem){.minor{display:none}.bar{gap:.25rem 1rem}nav ul{gap:0 1rem}nav a{padding:.25rem 0}.figures{grid-template-columns:repeat(2,1fr)}.facts>div{grid-template-columns:1fr}.status h1{font-size:var(--s3)}.doc{padding:0 .75rem 1rem}.facets{columns:2 8rem;column-gap:1.25rem}.facets li:nth-child(n+4){display:none}.row label:not(.wide){flex:1 1 8rem}.case{max-width:11rem}.said{font-size:var(--s1)}
    .list,.list tbody{display:block;min-width:0}.list caption{display:block}.list thead{position:absolute;width:1px;height:1px;overflow:hidden;clip-path:inset(50%)}.scroll{position:relative}.list tr{display:block;padding:.375rem 0;border-bottom:1px solid var(--line)}.list td:not(.minor){display:inline-block;max-width:100%;width:auto;border:0;padding:0 .5rem 0 0}.list td:has(>.message){display:block;min-width:0}.list td>a[href^="/fleet?device"]{white-space:normal}.list td.num{text-align:left}.list time::after{content:" UTC"}}
    @media print{.bar nav,.state,.foot,form.ask,.facets,.under,.star,.quiet,.tabs,button{display:none}.split{display:block}body{display:block}.list tr{break-inside:avoid}figure{break-inside:avoid}main{padding-top:.5rem}}

    """
}
