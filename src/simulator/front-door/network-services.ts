const words = (text: string): readonly string[] => text.trim().split(/\s+/)

/** Service names a firewall rule may use as a port, as a Debian system knows them. */
export const SERVICE_NAMES: ReadonlySet<string> = new Set(
  words(`
    Clearcase acr-nema afpovertcp afs3-bos afs3-callback afs3-fileserver afs3-kaserver afs3-prserver afs3-rmtsys afs3-update 
    afs3-vlserver afs3-volser amanda amandaidx amidxtape amqp amqps asf-rmcp asp auth authentication babel bacula-dir bacula-fd 
    bacula-sd bbs bgp bgpd biff binkp bootpc bootps canna cfengine chargen cisco-sccp clc-build-daemon clearcase cmd cmip-agent 
    cmip-man codaauth2 codasrv codasrv-se comsat csync2 cvspserver daap datametrics daytime db-lsp dcap dhcpv6-client dhcpv6-server 
    dicom dict dircproxy discard distcc domain domain-s echo epmap epmd exec f5-globalsite f5-iquery fax fido finger font-service 
    freeciv fsp fspd ftp ftp-data ftps ftps-data gdomap gds-db gds_db git gnunet gnutella-rtr gnutella-svc gopher gpsd gris groupwise 
    gsidcap gsiftp gsigatekeeper hkp hprop http http-alt https hylafax iax icp icpv2 ident imap imap2 imaps ingreslock ipp iprop 
    ipsec-nat-t ipx ircd ircs-u isakmp iscsi-target isisd isns iso-tsap jabber-client jabber-server kamanda kdc kerberos kerberos-adm 
    kerberos-iv kerberos-master kerberos-sec kerberos4 kerberos5 kerberos_master kermit klogin kpasswd krb-prop krb5 krb5_prop 
    krb_prop krcmd kshell l2f l2tp ldap ldaps ldp loc-srv login lotusnote lotusnotes lrrd mail mailq mdns microsoft-ds moira-db 
    moira-update moira-ureg moira_db moira_update moira_ureg mon ms-sql-m ms-sql-s ms-wbt-server mtn munin mysql mysql-proxy nbd nbp 
    netbios-dgm netbios-ns netbios-ssn netstat nfs nicname nntp nntps nqs nrpe nsca ntalk ntp ntske null nut old-radacct old-radius 
    omniorb openvpn ospf6d ospfapi ospfd passwd-server passwd_server pawserv pop-3 pop3 pop3s poppassd portmapper postgres postgresql 
    predict printer proofd ptp-event ptp-general puppet qmqp qmtp qotd quote radacct radius radius-acct radmin-port readnews redis 
    remctl ripd ripngd rmiregistry rmtcfg rootd route routed router rpc2portmap rplay rptp rsync rtcm-sc104 rtmp rtsp sa-msg-port 
    saft sane sane-port saned sge-execd sge-qmaster sge_execd sge_qmaster sgi-cad sgi-cmsd sgi-crsd sgi-gcd shell sieve silc sink sip 
    sip-tls skkserv smtp smtps smux snmp snmp-trap snmptrap snntp snpp socks source spamd spooler ssh ssmtp submission submissions 
    subversion sunrpc supfiledbg supfilesrv suucp svn svrloc syslog syslog-tls sysrqd systat tacacs talk tap tcpmux telnet telnets 
    tfido tftp time timserver tinc tproxy tsap ttytst untp urd users uucp uucpd venus venus-se wais webcache webmin who whod whois 
    wnn6 www x11 x11-0 x11-1 x11-2 x11-3 x11-4 x11-5 x11-6 x11-7 xdmcp xfs xinetd xmms2 xmpp-client xmpp-server xtel xtelw z3950 
    zabbix-agent zabbix-trapper zebra zebrasrv zephyr-clt zephyr-hm zephyr-srv zip zope zope-ftp zserv
  `),
)

/** Protocol names and numbers a firewall rule may use. */
export const PROTOCOLS: ReadonlySet<string> = new Set(
  words(`
    ip:0 hopopt:0 icmp:1 igmp:2 ggp:3 ipencap:4 st:5 tcp:6 egp:8 igp:9 pup:12 udp:17 hmp:20 xns-idp:22 rdp:27 iso-tp4:29 dccp:33 
    xtp:36 ddp:37 idpr-cmtp:38 ipv6:41 ipv6-route:43 ipv6-frag:44 idrp:45 rsvp:46 gre:47 esp:50 ah:51 skip:57 ipv6-icmp:58 
    ipv6-nonxt:59 ipv6-opts:60 rspf:73 vmtp:81 eigrp:88 ospf:89 ax.25:93 ipip:94 etherip:97 encap:98 pim:103 ipcomp:108 vrrp:112 
    l2tp:115 isis:124 sctp:132 fc:133 mobility-header:135 udplite:136 mpls-in-ip:137 manet:138 hip:139 shim6:140 wesp:141 rohc:142 
    ethernet:143 mptcp:262 icmpv6:58
  `).flatMap((entry) => entry.split(':')),
)

/** ICMP types by name, of IPv4 and IPv6. */
export const ICMP_TYPES: ReadonlySet<string> = new Set(
  words(`
    any echo-reply destination-unreachable network-unreachable host-unreachable protocol-unreachable port-unreachable
    fragmentation-needed source-route-failed network-unknown host-unknown network-prohibited host-prohibited
    TOS-network-unreachable TOS-host-unreachable communication-prohibited host-precedence-violation precedence-cutoff
    source-quench redirect network-redirect host-redirect TOS-network-redirect TOS-host-redirect echo-request
    router-advertisement router-solicitation time-exceeded ttl-zero-during-transit ttl-zero-during-reassembly
    parameter-problem ip-header-bad required-option-missing timestamp-request timestamp-reply address-mask-request
    address-mask-reply no-route address-unreachable beyond-scope failed-policy reject-route packet-too-big bad-header
    unknown-header-type unknown-option neighbor-solicitation neighbour-solicitation neighbor-advertisement
    neighbour-advertisement
  `),
)

/** Connection tracking helpers. */
export const CONNTRACK_HELPERS: ReadonlySet<string> = new Set(
  words('amanda ftp irc netbios-ns pptp sane sip snmp tftp'),
)
