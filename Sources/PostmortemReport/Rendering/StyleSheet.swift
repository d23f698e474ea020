/// The style sheet: one type scale, one accent, quiet colour; light, dark, print. Nothing from a case goes into it.
enum StyleSheet {
  static func markingClass(_ marking: TrafficLight) -> String {
    switch marking {
    case .clear: "clear"
    case .green: "green"
    case .amber, .amberStrict: "amber"
    case .red: "red"
    }
  }

  private static func markingColour(_ marking: TrafficLight) -> String {
    switch marking {
    case .clear: "#fff"
    case .green: "#33ff00"
    case .amber, .amberStrict: "#ffc000"
    case .red: "#ff2b2b"
    }
  }

  /// `reportID` holds letters, digits, hyphens and underscores only.
  static func text(marking: TrafficLight, reportID: String) -> String {
    let box =
      "font:700 9pt/6mm system-ui,sans-serif;background:#000;width:42mm;height:6mm;margin:9mm 0;text-align:center"
    return base + """
      @page{size:A4;margin:24mm 16mm 22mm;
      @top-left{content:"\(marking.marking)";\(box);color:\(markingColour(marking))}
      @top-right{content:"\(reportID)";font:8pt system-ui,sans-serif;color:#59626b}
      @bottom-left{content:"\(marking.marking)";\(box);color:\(markingColour(marking))}
      @bottom-right{content:"Page " counter(page) " of " counter(pages);font:8pt system-ui,sans-serif;color:#59626b}}

      """
  }

  /// Everything but the page boxes, which hold the marking.
  static let base = """
    :root{color-scheme:light dark;--paper:#fdfcfa;--ink:#1d2125;--soft:#59626b;--line:#dedad2;--wash:#f5f2ec;--accent:#ab3810;--second:#2c6289;--third:#6b6f3a;--shade:#1d212533;
    --s0:.8125rem;--s1:1rem;--s2:1.25rem;--s3:1.5625rem;--s4:2.25rem}
    @media screen and (prefers-color-scheme:dark){:root{--paper:#15181b;--ink:#e7e5e0;--soft:#a5adb5;--line:#343a40;--wash:#1d2125;--accent:#ff9068;--second:#86b8e0;--third:#c3c682;--shade:#e7e5e040}}
    *{box-sizing:border-box}
    html{font:100%/1.55 system-ui,-apple-system,"Segoe UI",Roboto,"Noto Sans","Liberation Sans",sans-serif;background:var(--paper);color:var(--ink);-webkit-text-size-adjust:100%}
    body{margin:0 auto;max-width:60rem;padding:0 1.25rem 4rem;overflow-wrap:anywhere}
    p,ul,ol,dl,figure,table{margin:0 0 1rem}
    a{color:inherit;text-decoration-color:var(--soft);text-underline-offset:.2em}
    a:hover{color:var(--accent)}
    :focus-visible{outline:2px solid var(--accent);outline-offset:2px}
    .skip{position:absolute;left:-100rem}.skip:focus{left:1rem;top:1rem;background:var(--paper);padding:.5rem;z-index:1}
    header.top{padding:3rem 0 1.5rem;border-bottom:1px solid var(--line)}
    h1,h2,h3{line-height:1.2;text-wrap:balance;font-weight:650}
    h1{font-size:var(--s4);margin:.75rem 0 .5rem;letter-spacing:-.015em}
    h2{font-size:var(--s3);margin:0 0 1.25rem;letter-spacing:-.01em}
    h3{font-size:var(--s1);margin:2rem 0 .5rem}
    .lede{color:var(--soft);margin:0}
    .tags{display:flex;flex-wrap:wrap;gap:.5rem;margin:0;font-size:var(--s0)}
    .tag{border:1px solid var(--line);border-radius:.25rem;padding:.125rem .5rem;color:var(--soft)}
    .tlp{background:#000;font-weight:700;padding:.125rem .625rem;letter-spacing:.02em;white-space:nowrap;border:1px solid #000}
    .tlp.clear{color:#fff}.tlp.green{color:#3f0}.tlp.amber{color:#ffc000}.tlp.red{color:#ff2b2b}
    .contents ol{list-style:none;padding:0;margin:1.25rem 0 0;display:grid;grid-template-columns:repeat(auto-fill,minmax(13.5rem,1fr));gap:.125rem 1.5rem;font-size:var(--s0)}
    .d{white-space:nowrap}
    .contents a{display:block;padding:.25rem 0;text-decoration:none}.contents a:hover{text-decoration:underline}
    .no{color:var(--accent);font-variant-numeric:tabular-nums;font-weight:650;margin-right:.35em}
    section{padding-top:3rem}
    section>p,section>ul{max-width:44rem}
    #control .facts{font-size:var(--s0)}
    #summary>p{font-size:var(--s2);line-height:1.5}
    #summary>p.notice{font-size:var(--s1)}#summary .certainty{border:0;padding:0;font-size:inherit}
    .notice{border-left:3px solid var(--accent);background:var(--wash);padding:.75rem 1rem}
    a.m{text-decoration:underline dotted var(--line);text-decoration-thickness:1px}a.m:hover{text-decoration-color:var(--accent)}
    .na{color:var(--soft);font-style:italic}
    .facts{columns:2 21rem;column-gap:2.5rem}
    .facts>div{break-inside:avoid;display:grid;grid-template-columns:9.5rem 1fr;gap:.25rem 1rem;padding:.4375rem 0;border-bottom:1px solid var(--line)}
    dt{color:var(--soft)}dd{margin:0}
    .figures{list-style:none;padding:0;display:grid;grid-template-columns:repeat(auto-fill,minmax(min(100%,12rem),1fr));gap:1.75rem 2rem;max-width:none}
    .figure{border-top:2px solid var(--ink);padding-top:.625rem}
    .figure h3{font-size:var(--s0);margin:0;font-weight:500;color:var(--soft)}
    .figure .value{font-size:var(--s3);font-weight:650;line-height:1.25;margin:.125rem 0 .25rem;font-variant-numeric:tabular-nums;letter-spacing:-.01em}
    .figure.unknown{border-top-color:var(--line)}.figure.unknown .value{font-size:var(--s1);font-weight:500;font-style:italic;color:var(--soft)}
    .unit{font-size:var(--s0);font-weight:400;color:var(--soft);letter-spacing:0}
    .reason,.how,.more{font-size:var(--s0);margin:0 0 .25rem}.how,.more{color:var(--soft)}
    .moments{list-style:none;padding:0 0 0 1.25rem;border-left:1px solid var(--line);margin-left:.4rem}
    .moments li{position:relative;padding:0 0 1rem}
    .moments li::before{content:"";position:absolute;left:-1.61rem;top:.42rem;width:.7rem;height:.7rem;border-radius:50%;background:var(--paper);border:2px solid var(--accent)}
    .moments li.observed::before{background:var(--accent)}
    .moments li.unknown::before{border-color:var(--soft);border-style:dashed}
    .moments li.stated::before{border-radius:0}
    .time{font-variant-numeric:tabular-nums;color:var(--soft);margin-right:.5em}
    .certainty{font-size:var(--s0);color:var(--soft);border:1px solid var(--line);border-radius:.25rem;padding:0 .375rem;white-space:nowrap}
    .certainty.observed{border-color:var(--soft);color:var(--ink)}
    .cite{font-size:.6875rem;line-height:0;margin-left:.15em;font-variant-numeric:tabular-nums}.cite a{text-decoration:none;color:var(--accent);padding:0 .1em}.plus{color:var(--soft)}
    .scroll{overflow-x:auto;max-width:100%;margin:0 0 .5rem;background:linear-gradient(90deg,var(--paper) 40%,transparent) 0 0/3rem 100% no-repeat local,linear-gradient(270deg,var(--paper) 40%,transparent) 100% 0/3rem 100% no-repeat local,linear-gradient(90deg,var(--shade),transparent) 0 0/1rem 100% no-repeat,linear-gradient(270deg,var(--shade),transparent) 100% 0/1rem 100% no-repeat}
    .more+.scroll{margin-top:1.5rem}
    table{border-collapse:collapse;font-size:var(--s0);min-width:min(34rem,100%);margin:0;overflow-wrap:normal}
    caption{text-align:left;color:var(--soft);padding:.25rem 0 .5rem;position:sticky;left:0;max-width:calc(100vw - 2.5rem)}
    th,td{text-align:left;vertical-align:top;padding:.375rem 1rem .375rem 0;border-bottom:1px solid var(--line)}
    thead th{font-weight:500;color:var(--soft);border-bottom-color:var(--soft);vertical-align:bottom}
    tbody th{font-weight:500}
    th code{display:block;color:var(--soft);font-weight:400}
    .num{text-align:right;white-space:nowrap;font-variant-numeric:tabular-nums}
    code{font-family:ui-monospace,"SF Mono","DejaVu Sans Mono","Liberation Mono",monospace;font-size:.875em}
    .ev{background:var(--wash);padding:.0625rem .3125rem;border-radius:.1875rem;overflow-wrap:anywhere;unicode-bidi:isolate}
    td bdi.name,td code,.hash{overflow-wrap:anywhere}td bdi{overflow-wrap:break-word}td bdi.name{min-width:6rem;display:inline-block}td .ev{min-width:min(14rem,55vw);display:inline-block}
    figure{border-top:1px solid var(--line);padding-top:1rem;margin:2rem 0}
    figcaption{max-width:44rem;margin-bottom:.75rem}figcaption>span{color:var(--soft);font-size:var(--s0);display:block}
    figcaption span .m,figcaption span .na{color:inherit;font-style:normal}
    summary{cursor:pointer;font-size:var(--s0);color:var(--soft);padding:.25rem 0}
    svg{display:block;width:100%;min-width:34rem;height:auto}
    svg text{font:12px system-ui,"Noto Sans","Liberation Sans",sans-serif;fill:var(--ink)}
    svg .t{fill:var(--soft);font-size:11px}
    svg .halo{paint-order:stroke;stroke:var(--paper);stroke-width:4px;stroke-linejoin:round}
    svg .grid{stroke:var(--line);fill:none}svg .axis{stroke:var(--soft);fill:none}
    svg .area{fill:var(--accent);fill-opacity:.14}svg .line{fill:none;stroke:var(--accent);stroke-width:2}
    svg .line2{fill:none;stroke:var(--second);stroke-width:1.75}
    svg .mark{stroke:var(--soft);fill:none}svg .dash{stroke-dasharray:4 4}
    svg .edge{fill:none;stroke:var(--soft);stroke-width:1.25}
    svg .dot{fill:var(--accent)}svg .group{fill:var(--accent);fill-opacity:.55}svg .lost{fill:var(--soft)}svg .rejected{fill:var(--paper);stroke:var(--soft);stroke-width:1.5}svg .accepted{fill:none;stroke:var(--second);stroke-width:2}
    svg .bar{fill:var(--second);fill-opacity:.55}svg .barm{fill:var(--accent);fill-opacity:.75}svg .whisker{fill:none;stroke:var(--ink);stroke-width:1.25}
    svg .h1{fill:var(--accent);fill-opacity:.1}svg .h2{fill:var(--accent);fill-opacity:.3}svg .h3{fill:var(--accent);fill-opacity:.5}svg .h4{fill:var(--accent);fill-opacity:.72}svg .h5{fill:var(--accent)}
    svg .bad{fill:var(--accent);fill-opacity:.3}svg .act{fill:var(--second)}svg .wait{fill:var(--third);fill-opacity:.6}svg .blind{fill:var(--ink);fill-opacity:.75}
    .cites{list-style:none;padding:0;font-size:var(--s0)}.cites li{padding:.5rem 0;border-bottom:1px solid var(--line)}
    .place{color:var(--soft)}:target{background:var(--wash);outline:2px solid var(--accent)}
    footer{margin-top:4rem;border-top:1px solid var(--line);padding-top:1rem;font-size:var(--s0);color:var(--soft)}
    @media(max-width:30rem){header.top{padding-top:1.5rem}h1{font-size:var(--s3)}h2{font-size:var(--s2)}body{padding:0 1rem 3rem}#summary>p{font-size:var(--s1)}td.num{white-space:normal}.facts>div{grid-template-columns:1fr;gap:0}.contents ol{grid-template-columns:repeat(auto-fill,minmax(8rem,1fr))}#control .facts>div{grid-template-columns:6rem 1fr;gap:.25rem .75rem;padding:.1875rem 0}}
    @media print{:root{--paper:#fff}html{font-size:10pt}body{max-width:none;padding:0}header.top{padding-top:0}.skip,.contents{display:none}section{padding-top:.75rem}footer{margin-top:.75rem;padding-top:.375rem}footer p{margin-bottom:.25rem}h1{font-size:1.75rem}h2{margin-bottom:.625rem}h3{margin-top:1rem}p,ul,ol,dl,figure,table{margin-bottom:.625rem}#summary>p{font-size:1rem}.facts>div{padding:.1875rem 0}.figures{gap:.75rem 1.25rem;grid-template-columns:repeat(4,1fr)}h2,h3,caption,figcaption,thead{break-after:avoid}figure>.scroll{break-before:avoid}
    tr,figure svg,figure>.scroll,.figure,.moments li,.cites li{break-inside:avoid}.scroll{overflow:visible;background:none}caption{position:static;max-width:none}svg{min-width:0}table{min-width:60%}table,th,td{font-size:7.5pt}th,td{padding-right:.5rem}
    td,th{overflow-wrap:break-word}td bdi.name,td code,td .ev{overflow-wrap:anywhere;min-width:0}a{text-decoration:none}.tlp,svg,.notice,.ev{-webkit-print-color-adjust:exact;print-color-adjust:exact}summary{display:none}details::details-content{content-visibility:visible;block-size:auto}}

    """
}
